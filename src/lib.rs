//! An embedded event broadcast engine: threads of one process publish events, any number of subscribers see each of them.
//!
//! An event is written once, into one shared ring, and every subscriber reads it there. Nobody takes a lock on the way, and
//! there is no async runtime. Each subscriber chooses what happens when it is too slow, and every loss is counted.
//!
//! # When not to use it
//!
//! - Between processes or machines: everything here ends with the process.
//! - Where each job goes to one worker: every subscriber sees every event. Use a `crossbeam-channel`.
//! - With thousands of subscriptions that each want few of the events: a subscription reads past what it did not ask for.
//!
//! # Guide
//!
//! **The bus** is the way in: [`Bus`] has named topics, a [`Topic`] handle publishes to one of them, a [`Subscription`] reads
//! the topics of a [pattern](TopicPattern).
//!
//! ```
//! use eventcast::{Bus, Overflow};
//! use std::thread;
//!
//! let bus = Bus::<u64>::builder().capacity(1024).build()?;
//!
//! // Publishers wait for this one when it is a full ring behind: it loses nothing.
//! let mut ledger = bus.subscribe("orders.*")?;
//! // Nobody waits for this one: it loses the oldest events, counted.
//! let mut screen = bus.subscription(">").overflow(Overflow::Lag).subscribe()?;
//!
//! let total = thread::spawn(move || ledger.iter().map(|event| *event.payload()).sum::<u64>());
//! let shown = thread::spawn(move || screen.iter().count() as u64 + screen.lost());
//!
//! let created = bus.topic("orders.created")?;
//! for price in 1..=100 {
//!     created.publish(price)?;
//! }
//! bus.publish("parcels.sent", 7)?;
//!
//! // The last handle closes the bus; subscriptions read what is left and end.
//! drop(bus);
//! assert_eq!(total.join().unwrap(), 5050);
//! assert_eq!(shown.join().unwrap(), 101);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Waiting.** Every operation exists three times: `try_x` answers at once, `x` waits, `x_timeout` waits for so long. A
//! publish waits only for blocking subscriptions, and on a bus never longer than its
//! [`publish_timeout`](BusBuilder::publish_timeout). A refused payload comes back in the error.
//!
//! **Reading.** [`recv`](Subscription::recv) and the iterators clone the event; [`drain`](Subscription::drain) reads in
//! place and needs no `Clone`. A payload above 256 bytes, or one that owns memory, is cheaper as `Bus<Arc<…>>`.
//!
//! **Queues.** A subscription may have a [queue](SubscriptionBuilder::queue) of its own, with a capacity and an
//! [overflow](QueueOverflow) of its own; the bus's dispatcher, or [the publishers](Fanout), fill it with copies.
//!
//! **Lanes.** Topics may have [a ring of their own](BusBuilder::lane), so that a flood on one pushes nothing out of another; the
//! order of events is then one per lane.
//!
//! **Accounting.** [`Bus::stats`] holds `offered = accepted + refused`, [`Subscription::stats`]
//! `published since it joined = delivered + filtered + expired + lost + queued + ahead`.
//!
//! **Watching.** [`Bus::snapshot`] is everything known of the bus and of each subscription, also as text for Prometheus
//! ([`docs::metrics`]); [`Bus::health`] says whether it is well, and why not.
//!
//! **The ring** underneath, without topics, is in [`ring`].

#![deny(missing_docs)]
#![warn(clippy::disallowed_methods)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod bus;
mod contain;
pub mod docs;
mod error;
mod event;
pub mod ring;
mod stats;
mod sync;
mod topic;
mod trace;
pub mod vocabulary;
mod worker;

pub use bus::{
    AnyBus, AnyPayload, Batch, BatchIter, Bus, BusBuilder, CloseReport, EventBuilder, Fanout, FlushReport,
    IntoIter, Invalid, InvalidId, InvalidTopic, Iter, PublishError, QueueOverflow, Results, Start, Stats,
    SubscribeError, Subscription, SubscriptionBuilder, SubscriptionInfo, SubscriptionStats, Topic,
    TopicStats, TryIter, TryPublishError, TypedBuilder, TypedEvent, TypedSubscription, Waitable, wait_any,
};
pub use error::{BuildError, LaneFault, RecvError, RecvTimeoutError, StartError, TryRecvError};
pub use event::{Event, EventId, IdError, Metadata};
pub use ring::{Overflow, Sequence, SubscriberId, Wait};
pub use stats::{
    Exposition, Health, HealthReason, HealthStatus, Histogram, LaneSnapshot, LostBy, Snapshot,
    SubscriptionSnapshot, Thresholds, Totals,
};
pub use sync::Clock;
pub use topic::{MAX_TOPIC_BYTES, MAX_TOPIC_TOKENS, TopicError, TopicErrorKind, TopicPattern, check_topic};

/// The queue of a queued subscription, which has no public face, for its models.
#[cfg(eventcast_loom)]
#[doc(hidden)]
pub use bus::model as pipe;
/// A topic's name, for its model.
#[cfg(eventcast_loom)]
#[doc(hidden)]
pub use topic::model as pinned;

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
