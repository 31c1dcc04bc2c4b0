//! What eventcast does not do, worst first.
//!
//! - **A blocking subscriber that stops reading stops its publishers.** That is what blocking means. Use
//!   [`publish_timeout`](crate::ring::Publisher::publish_timeout), whose error names the subscriber, or another policy.
//! - **One process.** Nothing is written to disk or sent anywhere by the ring; a crash loses what it holds.
//! - **Old values live on.** A value is dropped when its slot is used again or the ring ends, not when the last subscriber has
//!   read it. Events that own much should be `Arc`s of it.
//! - **The overwriting publisher pays for `Drop`.** An overwritten value is dropped by the publisher that takes its slot, after
//!   the new event is visible. A slow `Drop` costs that publisher.
//! - **More memory than `capacity`.** The ring rounds up to a power of two that leaves room to look at subscribers only now
//!   and then: 1.25 to 4 times `capacity` slots (exactly twice for powers of two from 32 on), plus `lag_slots`.
//! - **Guards of laggards are bounded.** While all readers together hold more than
//!   [`lag_slots`](crate::ring::Builder::lag_slots) events in guards, publishers may find the ring full.
//! - **A laggard's backlog is not exact.** It keeps at least the newest `capacity` events, often more; what it loses is counted
//!   exactly all the same.
//! - **A whole batch at once only up to a chunk.** 32 events, 4 KiB or the capacity, whichever is least; a longer batch is
//!   several claims that other publishers may come between. So is a chunk that meets a slot held in a laggard's guard.
//! - **Sequences end** at 2^53 - 2^32: 104 days of a publish every nanosecond. The ring then closes itself.
//! - **64-bit atomics are needed**, and the tests run on Linux; other systems are type-checked only.
//! - **A bus with very many subscriptions pays when they change.** The first event of each topic after a change asks the index
//!   of patterns again.
//! - **A subscription and a topic's handle need lines of their own.** Fields of one struct that two threads use, or neighbours on one
//!   stack, may share a cache line: each publish then waits for the reader's writes, some 55 ns. A subscription in a box or moved
//!   into its thread does not.
//! - **Lanes have no order between them.** What one thread publishes to two of them may be read the other way round; a subscription to
//!   several looks at each ring in turn, and one made by [`subscribe_after`](crate::SubscriptionBuilder::subscribe_after) polls
//!   where it waits for what another lets go. With [`Fanout::Inline`](crate::Fanout::Inline) publishers fill the queues of all
//!   lanes.
//! - **Letting topics go takes a lock.** A publish that brings the 1,024th name, or half as many names more than the last look
//!   left, looks at all of them; publishing by name waits for that meanwhile, publishing through handles does not.
//! - **A polling reader pauses.** A look of a subscriber that has caught up comes after up to 200 pause instructions: looking again
//!   at once would slow the publisher down, and everybody behind it.
//! - **`Wait::Spin` needs a core per waiting thread.** With fewer it is the slowest choice of all.
