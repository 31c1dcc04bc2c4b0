//! What eventcast promises, each line with the test that fails when it is broken.
//!
//! # On every ring
//!
//! 1. **One order.** Every subscriber sees a strictly increasing subsequence of one total order, the
//!    [`Sequence`](crate::ring::Sequence), without duplicates; so each publisher's events keep their order. Across rings and
//!    buses there is no order; a bus has one ring, and one for each of its [lanes](crate::BusBuilder::lane). All that a publisher did before `publish` is visible to whoever reads the event.
//!    *(`tests/stress.rs`, `tests/linearizability.rs`, loom L1 to L5)*
//! 2. **No silent loss.** At any quiet moment (no call in progress):
//!    - publisher: `offered = accepted + refused`; a refused event comes back in the error;
//!    - subscriber: `published since it joined = delivered + lost + ahead`, by [`lost`](crate::ring::Subscriber::lost),
//!      [`len`](crate::ring::Subscriber::len) and [`joined`](crate::ring::Subscriber::joined); on the bus, events of other
//!      topics count as filtered.
//!
//!    While calls run, no count exceeds what was published. *(`tests/differential.rs`, loom L14, L20, L24)*
//! 3. **No torn reads.** A `&T` handed out is the value of exactly one publish for as long as it is held.
//!    *(loom L13 to L15, Miri, the thread sanitizer)*
//! 4. **Isolation.** A lagging, stuck, panicking or dropped subscriber never delays a publisher or another subscriber, unless
//!    it asked to block. A blocking one delays publishers, and thereby everybody who waits for newer events; every wait has a
//!    bounded form. *(`tests/faults.rs` F6 to F8, loom L15)*
//! 5. **Panics stay where they happen.** No panic in `Drop`, `Clone`, a closure or an iterator leaves the ring unusable; each
//!    value is dropped once. A panic in an overwritten event's `Drop` is counted
//!    ([`drop_panics`](crate::ring::Publisher::drop_panics)), and the publish that met it succeeds. With `panic = "abort"` there
//!    is no isolation; a second panic during unwinding aborts, which is Rust's rule. *(`tests/faults.rs` F3 to F5, F10)*
//! 6. **Bounded memory.** Fixed when the ring is built, plus a stated amount per subscriber
//!    ([`memory`](crate::ring::Publisher::memory)); publishing and receiving allocate nothing. A batch that is refused returns
//!    its rest in a vector. *(`tests/no_allocation.rs`, `tests/memory.rs`)*
//! 7. **Close.** Intake stops at one point of the total order: everything accepted before it is delivered, everything after it
//!    comes back to its publisher, and every waiter wakes. Closing again has no effect. *(loom L11, L12, L17;
//!    `tests/stress.rs`)*
//!
//! # On every bus
//!
//! 1. `accepted = routed + unrouted`: an event is unrouted when no subscription's pattern met its topic, neither before its
//!    publish nor after. A subscription that comes and goes within that publish may have read it.
//!    *(`tests/bus_audience.rs`)*
//! 2. `published since it joined = delivered + filtered + expired + lost + queued + ahead`, per subscription. What a guard has is
//!    `ahead`, or `queued`, until the guard lets it go: no count ever goes down.
//!    The bus's account of a subscription is the subscription's own, whether anybody reads from it or not, and the totals of
//!    those that have left stay. *(`tests/bus_accounting.rs`, `tests/bus_audience.rs`, `tests/bus_differential.rs`,
//!    `tests/bus_stats.rs`)*
//! 3. Filters, sizes and callbacks of the user may panic: the panic is contained and counted, and the event is refused, read past
//!    or told to nobody. *(`tests/bus_events.rs`, `tests/bus_audience.rs`)*
//! 4. A time that a publisher gives an event is a word for its readers; ages and starts by time go by when the bus took it.
//!    *(`tests/bus_audience.rs`, `tests/bus_subscribe.rs`)*
//!
//! 5. The events of all [`topics`](crate::Bus::topics) and those of topics that left
//!    ([`evicted`](crate::Stats::evicted)) add up to `accepted`. A topic is there while a handle, a subscription to its name,
//!    an event that somebody can still read, or an owned copy refers to it; any number of names come and go in bounded
//!    memory. *(`tests/bus_topics.rs`, `tests/seeds_asaidimu.rs`)*
//!
//! 6. A queued subscription that is stuck holds up no other, and a publisher only with
//!    [`QueueOverflow::Block`](crate::QueueOverflow::Block), a ring later and for the time it says. Each loss is counted by its
//!    reason: `queue_full` by its overflow, `overwritten` where publishers were a full ring ahead of the dispatcher, which
//!    costs every other queue the oldest events, also one that drops the newest. A larger
//!    [capacity](crate::BusBuilder::capacity) of the bus is what helps against that. *(`tests/bus_queue.rs`, `tests/bus_faults.rs`; models L19 and L34)*
//! 7. A thread of the bus never waits for room in it: [`WouldDeadlock`](crate::PublishError::WouldDeadlock).
//!    *(`tests/bus_queue.rs`)*
//! 8. A subscription that is [ended](crate::Bus::unsubscribe_all) by another thread holds publishers up no longer than its reader
//!    reads in place, and what it reads there stays as it is. *(`tests/bus_unsubscribe.rs`; models L32)*
//! 9. With [lanes](crate::BusBuilder::lane) the one order is per lane, and so is everything that is said above of a ring: history,
//!    overflow, close. Between lanes there is no order, not even of what one thread published. A flood on one lane pushes nothing
//!    out of another, and holds up nobody who publishes to another. A subscription that reads several hears from each in turn.
//!    *(`tests/bus_lanes.rs`, `tests/bus_lanes_read.rs`, `tests/bus_lanes_stress.rs`, `tests/bus_differential.rs`)*
//! 10. A subscription made by [`subscribe_after`](crate::SubscriptionBuilder::subscribe_after) comes to no event before the others
//!     have let it go, and sees what they did before that. *(`tests/bus_after.rs`; models L33)*
//!
//! # By overflow policy
//!
//! | policy | who waits | what is lost | extra promise |
//! | --- | --- | --- | --- |
//! | [`Block`](crate::Overflow::Block) | publishers; every form of publish but the plain one is bounded | nothing while subscribed | one that is dropped or panics stops holding publishers up at once; the time-out error names one that is stuck |
//! | [`Lag`](crate::Overflow::Lag) | nobody | the oldest, `Lagged(n)` once with the exact n | the newest `capacity` events are always readable |
//! | [`Disconnect`](crate::Overflow::Disconnect) | nobody | what was overwritten before the mark, then everything after it | marked by the first event that finds it a full ring behind; `Disconnected(n)` once, then `Closed` |
//!
//! # Progress
//!
//! A publish without blocking subscribers finishes in a bounded number of its own steps unless other publishers keep winning
//! the claim (lock-free). A publisher that the system stops between claim and release holds up readers of later events, and
//! other publishers only once they are a whole ring further; no code of the user, allocation, lock or system call stands
//! there. Sleeping, joining and closing may take a short lock; a publish takes one only to wake somebody.
//!
//! # Process
//!
//! After `fork` only `exec` is supported in the child. `exit()` drains nothing.
