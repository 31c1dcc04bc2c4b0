//! Who sleeps, and who wakes whom.
//!
//! Subscribers queue in [`Sleepers`] by the sequence that they wait for, then first come first served. A release wakes the
//! first; a woken subscriber that finds something wakes the next before it works; one that finds nothing ends the chain,
//! because everybody behind it waits for the same sequence or a later one. (That a later one may be there already, since
//! publishers release out of order, changes nothing: the release of the gap starts a chain of its own. Without the order, a
//! subscriber that joined beyond a gap could end the chain in front of one that waits for the gap.) A waiter that gives up
//! takes its entry out; if a waker took it first, the waiter owns a wake-up and passes it on.
//!
//! A doorbell and a task of an executor (see [`Bed`]) are no links of a chain: nobody knows when they look. Whoever wakes goes
//! on to the next behind them, and passes nobody twice: one that looked and registered again in the meantime has seen what it
//! would be woken for.
//!
//! Publishers queue in [`Gate`] under the cursor that holds them up; that cursor's next release wakes them.
//!
//! The handshake on both sides: register, heavy barrier, look once more, sleep. The waker: store, light barrier, look for
//! registrations.

use super::bed::Bed;
use super::cursor::{Cursor, Cursors};
use super::word::State;
use crate::sync::{AtomicUsize, Mutex, Ordering::*, Thread, current_thread};
use crossbeam_utils::CachePadded;
use std::collections::VecDeque;

/// Names one registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

struct Sleeper {
    ticket: Ticket,
    /// What it waits for.
    sequence: u64,
    bed: Bed,
}

struct SleepList {
    /// By sequence, then by ticket.
    queue: VecDeque<Sleeper>,
    next: u64,
}

/// Subscribers that wait for an event.
pub(crate) struct Sleepers {
    /// Length of the list, for publishers to look at.
    count: CachePadded<AtomicUsize>,
    list: Mutex<SleepList>,
}

impl Sleepers {
    pub(crate) fn new() -> Self {
        Self {
            count: CachePadded::new(AtomicUsize::new(0)),
            list: Mutex::new(SleepList { queue: VecDeque::new(), next: 0 }),
        }
    }

    /// Makes sure that `subscribers` of them can sleep, and be armed as well, without an allocation.
    pub(crate) fn reserve(&self, subscribers: usize) {
        let queue = &mut self.list.lock().queue;
        let more = (2 * subscribers).saturating_sub(queue.len());
        queue.reserve(more);
    }

    /// Registers the current thread, which waits for `sequence`. The heavy barrier and another look must follow before it
    /// sleeps.
    pub(crate) fn register(&self, sequence: u64) -> Ticket {
        self.insert(sequence, Bed::here())
    }

    #[cfg(feature = "select")]
    pub(crate) fn register_doorbell(&self, sequence: u64, bell: crossbeam_channel::Sender<()>) -> Ticket {
        self.insert(sequence, Bed::Doorbell(bell))
    }

    #[cfg(any(feature = "stream", eventcast_loom))]
    pub(crate) fn register_task(&self, sequence: u64, waker: std::task::Waker) -> Ticket {
        self.insert(sequence, Bed::Task(waker))
    }

    fn insert(&self, sequence: u64, bed: Bed) -> Ticket {
        let mut list = self.list.lock();
        let ticket = Ticket(list.next);
        list.next += 1;
        // From the back: nearly always it belongs there.
        let before = list.queue.iter().rposition(|other| other.sequence <= sequence);
        list.queue.insert(before.map_or(0, |at| at + 1), Sleeper { ticket, sequence, bed });
        // ORDERING: Relaxed; the barriers of the handshake order it against the waker's look.
        self.count.store(list.queue.len(), Relaxed);
        ticket
    }

    /// Takes a registration back; false when a waker has taken it, which makes the caller owe a wake-up.
    pub(crate) fn cancel(&self, ticket: Ticket) -> bool {
        let mut list = self.list.lock();
        let at = list.queue.iter().position(|sleeper| sleeper.ticket == ticket);
        let found = at.and_then(|at| list.queue.remove(at));
        self.count.store(list.queue.len(), Relaxed);
        drop(list);
        found.map(|sleeper| sleeper.bed.leave()).is_some()
    }

    /// Has nobody taken this registration yet?
    pub(crate) fn holds(&self, ticket: Ticket) -> bool {
        self.list.lock().queue.iter().any(|sleeper| sleeper.ticket == ticket)
    }

    /// Is this registration still there, and of this task?
    #[cfg(feature = "stream")]
    pub(crate) fn holds_task(&self, ticket: Ticket, waker: &std::task::Waker) -> bool {
        let list = self.list.lock();
        list.queue.iter().any(|sleeper| sleeper.ticket == ticket && sleeper.bed.is_of(waker))
    }

    /// Wakes the first sleeping thread; rings every doorbell and wakes every task on the way to it.
    #[inline(always)]
    pub(crate) fn wake_one(&self) {
        // ORDERING: Relaxed; see `insert`.
        if self.count.load(Relaxed) != 0 {
            self.wake_first();
        }
    }

    #[cold]
    #[inline(never)]
    fn wake_first(&self) {
        let mut before = None;
        while let Some(bed) = self.pop(&mut before) {
            if bed.wake() {
                return;
            }
        }
    }

    /// Wakes everybody who sleeps now.
    pub(crate) fn wake_all(&self) {
        let mut before = None;
        while let Some(bed) = self.pop(&mut before) {
            bed.wake();
        }
    }

    /// Takes the first of those who came before the first call with this `before`.
    fn pop(&self, before: &mut Option<Ticket>) -> Option<Bed> {
        let mut list = self.list.lock();
        let before = *before.get_or_insert(Ticket(list.next));
        let at = list.queue.iter().position(|sleeper| sleeper.ticket < before)?;
        let first = list.queue.remove(at)?;
        self.count.store(list.queue.len(), Relaxed);
        Some(first.bed)
    }
}

struct GateEntry {
    ticket: Ticket,
    /// Address of the cursor: compared, never followed; [`ANY`] for whoever holds something.
    cursor: usize,
    thread: Thread,
}

/// No cursor's address.
const ANY: usize = 0;

struct GateList {
    waiting: Vec<GateEntry>,
    next: u64,
}

/// Publishers that wait for one subscriber to make room.
pub(crate) struct Gate {
    list: Mutex<GateList>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { list: Mutex::new(GateList { waiting: Vec::with_capacity(8), next: 0 }) }
    }

    /// Makes sure that so many threads can wait without an allocation.
    pub(crate) fn reserve(&self, publishers: usize) {
        let waiting = &mut self.list.lock().waiting;
        let more = publishers.saturating_sub(waiting.len());
        waiting.reserve(more);
    }

    /// Registers the current thread under `cursor`. The heavy barrier and another look must follow before it sleeps.
    pub(crate) fn register(&self, cursor: &Cursor) -> Ticket {
        self.push(address(cursor), std::iter::once(cursor))
    }

    /// As [`register`](Self::register), under every cursor that holds events now: any of them may set a spare free.
    pub(crate) fn register_any(&self, cursors: &Cursors) -> Ticket {
        let holds = |cursor: &&Cursor| {
            matches!(cursor.load().state(), State::Pinned | State::WatchedPinned | State::Moved)
        };
        self.push(ANY, cursors.iter().filter(holds))
    }

    fn push<'a>(&self, cursor: usize, awaited: impl Iterator<Item = &'a Cursor>) -> Ticket {
        let mut list = self.list.lock();
        let ticket = Ticket(list.next);
        list.next += 1;
        list.waiting.push(GateEntry { ticket, cursor, thread: current_thread() });
        for cursor in awaited {
            // ORDERING: Relaxed; the barriers of the handshake order it against the reader's look.
            cursor.awaited.store(true, Relaxed);
        }
        ticket
    }

    /// Takes a registration back, if nobody has.
    pub(crate) fn cancel(&self, ticket: Ticket) {
        self.list.lock().waiting.retain(|entry| entry.ticket != ticket);
    }

    /// Has nobody taken this registration yet?
    pub(crate) fn holds(&self, ticket: Ticket) -> bool {
        self.list.lock().waiting.iter().any(|entry| entry.ticket == ticket)
    }

    /// Wakes every publisher that waits for this cursor, or for any, now.
    #[cold]
    #[inline(never)]
    pub(crate) fn wake(&self, cursor: &Cursor) {
        let newest = Ticket(self.list.lock().next);
        loop {
            let mut list = self.list.lock();
            let mine = |entry: &GateEntry| entry.cursor == address(cursor) || entry.cursor == ANY;
            let Some(at) = list.waiting.iter().position(|entry| mine(entry) && entry.ticket < newest) else {
                let more = list.waiting.iter().any(mine);
                cursor.awaited.store(more, Relaxed);
                return;
            };
            let entry = list.waiting.swap_remove(at);
            drop(list);
            entry.thread.unpark();
        }
    }

    pub(crate) fn wake_all(&self, cursors: &Cursors) {
        for cursor in cursors.iter() {
            self.wake(cursor);
        }
    }
}

fn address(cursor: &Cursor) -> usize {
    std::ptr::from_ref(cursor).addr()
}
