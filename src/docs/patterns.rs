//! How to do common things.
//!
//! # A service that must not stop
//!
//! Bound every publish, and find out who is in the way:
//!
//! ```
//! use std::time::Duration;
//! let (publisher, slow) = eventcast::ring::channel::<u32>(1);
//! publisher.publish(1)?;
//! let error = publisher.publish_timeout(2, Duration::from_millis(1)).unwrap_err();
//! assert_eq!(error.blocked_by(), Some(slow.id()));
//! assert_eq!(error.into_inner(), 2);
//! # Ok::<(), eventcast::ring::PublishError<u32>>(())
//! ```
//!
//! # The newest state, never behind
//!
//! A laggard that reads in batches sees what there is and is told what it missed:
//!
//! ```
//! use eventcast::ring::{Builder, Overflow, TryRecvError};
//! let (publisher, mut prices) = Builder::new(2).overflow(Overflow::Lag).build::<u32>()?;
//! for price in 0..10 {
//!     publisher.publish(price)?;
//! }
//! let mut newest = None;
//! loop {
//!     match prices.drain(64, |price| newest = Some(*price)) {
//!         Ok(_) | Err(TryRecvError::Lagged(_)) => {}
//!         Err(_) => break,
//!     }
//! }
//! assert_eq!(newest, Some(9));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Large events
//!
//! Share them: `Bus<Arc<P>>` or a ring of `Arc<P>`. Readers in place ([`drain`](crate::ring::Subscriber::drain),
//! [`batch`](crate::ring::Subscriber::batch)) clone nothing at all.
//!
//! # Subscribers that come while one publisher is busy
//!
//! [`UniquePublisher::joiner`](crate::ring::UniquePublisher::joiner) makes a handle that only adds subscribers.
//!
//! # Several sources in one loop
//!
//! [`wait_any`](crate::wait_any) waits for several subscriptions, of whatever bus and payload, and says which of them has
//! something. With the feature `select`, `Subscriber::arm` gives a crossbeam-channel receiver for `select!`; with the feature
//! `stream`, a subscription is a `futures_core::Stream` for any executor.
//!
//! # A flood beside events that must be kept
//!
//! Give the flood a [lane](crate::BusBuilder::lane). What comes late still finds the rest, and who is slow with the flood holds up
//! nobody else:
//!
//! ```
//! use eventcast::{Bus, Start};
//! let bus = Bus::<u32>::builder().capacity(256).lane("ticks.>", 64).build()?;
//! bus.publish("orders.created", 7)?;
//! for price in 0..10_000 {
//!     bus.publish("ticks.eurusd", price)?;
//! }
//! let mut orders = bus.subscription("orders.*").start(Start::Oldest).subscribe()?;
//! assert_eq!(*orders.recv()?.payload(), 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The price is the order: it is then one per lane. Topics whose events have to be seen in one order belong on one lane, and a
//! subscription costs least when its pattern lies inside one.
//!
//! # Write what has gathered, once for many events
//!
//! [`drain_batch`](crate::Subscription::drain_batch) says which event is the last for now:
//!
//! ```
//! use std::io::Write;
//! let bus = eventcast::Bus::<String>::builder().build()?;
//! let mut sub = bus.subscribe(">")?;
//! bus.publish("log", "one".to_owned())?;
//! bus.publish("log", "two".to_owned())?;
//! let mut out = std::io::BufWriter::new(Vec::new());
//! let mut result = Ok(());
//! sub.drain_batch(1_000, |event, end_of_batch| {
//!     let written = writeln!(out, "{}", event.payload());
//!     let flushed = if end_of_batch { out.flush() } else { Ok(()) };
//!     result = std::mem::replace(&mut result, Ok(())).and(written).and(flushed);
//! })?;
//! result?;
//! assert_eq!(out.get_ref(), b"one\ntwo\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
