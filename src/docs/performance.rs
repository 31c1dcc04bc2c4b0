//! How fast it is, and what that depends on.
//!
//! The figures stand in `records/`, each with its machine, commit, rivals and spread; `benches/compare` makes them. This page
//! says what moves them.
//!
//! - **Publishing costs the same for 1 and for 64 subscribers that read**: they look at the publisher's lines, the publisher
//!   does not look at theirs but once per `surplus` events (at least a quarter of the capacity).
//! - **The unique publisher is the fastest.** It has no compare-exchange and no stamps.
//! - **Read in runs.** `drain` and `batch` touch the cursor once per run; `recv` once per event.
//! - **A reader that polls an empty ring slows the publisher down**: each look takes the line away that the publisher writes
//!   next. Readers that have caught up wait a few dozen pause instructions before they look again.
//! - **Sleepers cost one wake per publish, whatever their number**; each woken subscriber wakes the next.
//! - **Waiting**: `Spin` has the lowest latency and needs a core per thread; `Yield` shares cores and uses all of them; `Park`
//!   sleeps, and a wake-up costs what the system takes for it (microseconds).
//! - **`capacity`**: large enough that a reader is not a full ring behind when it is scheduled again; 1,024 is a good start.
//!   Powers of two use memory best.
//! - **Events of 64 bytes start on a cache line**; smaller ones share lines, larger ones take several.
//! - **A topic finds its subscriptions by an index of tokens**, once after each change of subscriptions: the number of patterns
//!   hardly counts, the wildcards that fit the topic do.
