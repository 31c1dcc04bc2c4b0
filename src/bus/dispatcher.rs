//! The dispatcher: one thread that fills the queues of all queued subscriptions of a bus, from whatever ring.
//!
//! It starts with the first of them and ends with the last. It loads the list of queues, gives each a turn, and goes on with
//! the next when a queue is full, so that a stuck one holds up nobody else. When nothing is left to do it sleeps until a
//! publish, a subscription that made room, a change of the list, or the end of a stall wakes it.
//!
//! With [`Fanout::Inline`] publishers do the same work themselves, each after its own publish; what they leave behind (a
//! queue that is full, or that another publisher is at) the dispatcher's thread takes up.

use super::error::SubscribeError;
use super::queue::{Feed, Queue, Served};
use crate::event::Event;
use crate::ring::{Enlisted, Sequence, Wait};
use crate::sync::{
    Arc, ArcSwap, AtomicBool, Barrier, Countdown, Deadline, Mutex, Ordering::*, Thread, current_thread,
    park_until,
};
use crate::worker::{Threads, WorksFor, address_of};
use std::sync::OnceLock;

/// Who fills the queues of queued subscriptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fanout {
    /// The dispatcher's thread: publishing costs the same whatever the number of queues. The default.
    #[default]
    Dispatcher,
    /// Each publisher, after its publish, on its own thread: no hand-over between threads before the event is in its queue, and
    /// a publish that takes longer with each queue. Filters of queued subscriptions then run on publishers' threads.
    Inline,
}

/// The thread's name.
const NAME: &str = "eventcast-dispatch";

/// How many runs of events a queue gets before it is the next one's turn.
const TURN: usize = 4;

pub(super) struct Dispatcher<P> {
    queues: ArcSwap<Vec<Arc<Queue<P>>>>,
    /// Is there a thread?
    running: Mutex<bool>,
    bell: Bell,
    threads: Threads,
    fanout: Fanout,
    /// How the bus waits.
    wait: Wait,
    /// Fills the queues on the calling thread; known once there is a queue. What a queue holds can be cloned, which `P` alone
    /// does not say.
    pump: OnceLock<fn(&Self)>,
}

impl<P> Dispatcher<P> {
    pub(super) fn new(threads: Threads, fanout: Fanout, wait: Wait) -> Self {
        Self {
            queues: ArcSwap::from_pointee(Vec::new()),
            running: Mutex::new(false),
            bell: Bell::new(),
            threads,
            fanout,
            wait,
            pump: OnceLock::new(),
        }
    }

    /// Takes a queue off the list.
    pub(super) fn remove(&self, queue: &Arc<Queue<P>>) {
        self.queues.rcu(|queues| {
            queues.iter().filter(|other| !Arc::ptr_eq(other, queue)).cloned().collect::<Vec<_>>()
        });
        self.call();
    }

    /// Makes the thread look at everything again.
    pub(super) fn call(&self) {
        self.bell.ring();
    }

    /// The queues whose subscriptions are there, those included that get nothing more.
    pub(super) fn queues(&self) -> Vec<Arc<Queue<P>>> {
        Vec::clone(&self.queues.load())
    }

    /// After a publish, if publishers fill the queues.
    pub(super) fn pump(&self) {
        if let Some(pump) = self.pump.get() {
            pump(self);
        }
    }
}

impl<P: Clone + Send + Sync + 'static> Dispatcher<P> {
    /// Puts a queue on the list, and starts the thread if there is none.
    pub(super) fn add(this: &Arc<Self>, queue: Arc<Queue<P>>) -> Result<(), SubscribeError> {
        let mut running = this.running.lock();
        if !*running {
            let (dispatcher, bus) = (this.clone(), address_of(this));
            this.threads
                .spawn(NAME, bus, move || dispatcher.run())
                .map_err(|error| SubscribeError::Thread(error.kind()))?;
            *running = true;
        }
        this.pump.get_or_init(|| Self::fill);
        this.queues.rcu(|queues| {
            let mut queues = Vec::clone(queues);
            queues.push(queue.clone());
            queues
        });
        drop(running);
        this.call();
        Ok(())
    }

    fn run(&self) {
        self.bell.answered_by(current_thread());
        let mut beds = Beds { first: Vec::new(), enlisted: Vec::new() };
        let mut round = 0;
        loop {
            // Before anything is looked at: what rings from now on is looked at again.
            self.bell.clear();
            let queues = self.queues.load_full();
            let mut ended = 0;
            let mut moved = false;
            let mut until = None;
            for (at, queue) in queues.iter().enumerate() {
                // One pause for events to gather is enough for all.
                match turn(queue, at == 0) {
                    Served::Moved => moved = true,
                    Served::Idle => {}
                    Served::Full(stall) => until = earlier(until, stall),
                    Served::Ended => ended += 1,
                }
            }
            if ended == queues.len() && self.has_ended() {
                return;
            }
            if moved {
                round = 0;
            } else if self.wait.pause(round) {
                round = round.saturating_add(1);
            } else {
                self.sleep(&queues, until, &mut beds);
                round = 0;
            }
        }
    }

    /// Nothing was left to fill: ends, unless a queue has come since.
    fn has_ended(&self) -> bool {
        let mut running = self.running.lock();
        // One that somebody is at lives. Not waited for: whoever is at it may be starting a thread, in a filter.
        let lives = |queue: &Arc<Queue<P>>| queue.feed.try_lock().is_none_or(|feed| feed.is_some());
        *running = self.queues.load().iter().any(lives);
        !*running
    }

    /// Sleeps until something of this can go on, or the stall is over.
    fn sleep(&self, queues: &[Arc<Queue<P>>], until: Option<Countdown>, beds: &mut Beds<P>) {
        self.enlist(queues, beds);
        let ready = || {
            let ready = |queue: &Arc<Queue<P>>| queue.feed.lock().as_ref().is_some_and(Feed::is_ready);
            self.bell.is_rung() || queues.iter().any(ready)
        };
        if !ready() {
            let over = || until.is_some_and(|until| until.left().is_zero());
            let called = || beds.enlisted.iter().any(Enlisted::is_called);
            while !self.bell.is_rung() && !called() && !over() {
                park_until(&Deadline::NEVER, until.map(|until| until.left()));
            }
        }
        // Whichever ring called: who is called in vain calls nobody else.
        let found = !beds.enlisted.is_empty() && ready();
        beds.enlisted.drain(..).for_each(|enlisted| enlisted.leave(found));
    }

    /// Registers with each ring for the first event that a queue with room waits for there, and with the queues that are full.
    fn enlist(&self, queues: &[Arc<Queue<P>>], beds: &mut Beds<P>) {
        let Beds { first, enlisted } = beds;
        first.clear();
        let mut barrier: Option<Barrier> = None;
        for (at, queue) in queues.iter().enumerate() {
            let feed = queue.feed.lock();
            let Some(feed) = feed.as_ref() else { continue };
            let own = feed.subscriber().barrier();
            barrier = Some(barrier.map_or(own, |barrier| barrier.heavier(own)));
            if feed.is_stalled() {
                queue.gauge().await_room();
                continue;
            }
            let wanted = feed.subscriber().wanted();
            match first.iter_mut().find(|(_, other)| queues[*other].is_beside(queue)) {
                Some(lowest) if wanted < lowest.0 => *lowest = (wanted, at),
                Some(_) => {}
                None => first.push((wanted, at)),
            }
        }
        // Inline, publishers look after what is not stalled, and call if they cannot.
        if self.fanout == Fanout::Dispatcher {
            let enlist = |at: usize| queues[at].feed.lock().as_ref().map(|feed| feed.subscriber().enlist());
            enlisted.extend(first.iter().filter_map(|(_, at)| enlist(*at)));
        }
        if let Some(barrier) = barrier {
            barrier.heavy();
        }
    }

    /// Fills the queues on a publisher's thread, as far as that needs no waiting.
    fn fill(&self) {
        let _works_for = WorksFor::new(std::ptr::from_ref(self).addr());
        for queue in self.queues.load().iter() {
            let Some(mut feed) = queue.feed.try_lock() else {
                self.call();
                continue;
            };
            // The dispatcher's thread is at it until there is room again.
            if feed.as_ref().is_some_and(Feed::is_stalled) {
                continue;
            }
            loop {
                match Feed::serve(&mut feed, queue, false) {
                    Served::Moved => {}
                    Served::Idle => break,
                    Served::Full(_) | Served::Ended => {
                        self.call();
                        break;
                    }
                }
            }
        }
    }
}

/// Where the dispatcher's thread sleeps, kept so that going to sleep allocates nothing.
struct Beds<P> {
    /// Of each ring the first event that is waited for, and the place of the queue that waits.
    first: Vec<(Sequence, usize)>,
    enlisted: Vec<Enlisted<Event<P>>>,
}

/// Some runs for one queue.
fn turn<P: Clone>(queue: &Queue<P>, paced: bool) -> Served {
    let mut feed = queue.feed.lock();
    for _ in 0..TURN {
        match Feed::serve(&mut feed, queue, paced) {
            Served::Moved => {}
            served => return served,
        }
    }
    Served::Moved
}

fn earlier(one: Option<Countdown>, other: Countdown) -> Option<Countdown> {
    match one {
        Some(one) if one.left() <= other.left() => Some(one),
        _ => Some(other),
    }
}

/// Wakes the dispatcher's thread for another reason than an event.
struct Bell {
    rung: AtomicBool,
    sleeper: Mutex<Option<Thread>>,
}

impl Bell {
    fn new() -> Self {
        Self { rung: AtomicBool::new(false), sleeper: Mutex::new(None) }
    }

    fn answered_by(&self, thread: Thread) {
        *self.sleeper.lock() = Some(thread);
    }

    fn ring(&self) {
        // ORDERING: AcqRel pairs with the swap of `clear`: the dispatcher sees what was done before the bell rang.
        self.rung.swap(true, AcqRel);
        if let Some(thread) = &*self.sleeper.lock() {
            thread.unpark();
        }
    }

    fn is_rung(&self) -> bool {
        self.rung.load(Acquire)
    }

    fn clear(&self) {
        // ORDERING: AcqRel; see `ring`. A swap, so that a ring that comes first is seen.
        self.rung.swap(false, AcqRel);
    }
}
