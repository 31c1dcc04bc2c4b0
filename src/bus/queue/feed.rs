//! From the ring into one queue.

use super::pipe::{Chunk, End, Intake};
use super::tally::{Outcomes, Tally};
use super::{Queue, QueueOverflow};
use crate::bus::sieve::{Now, Outcome, Sieve};
use crate::contain::contain;
use crate::error::TryRecvError;
use crate::event::Event;
use crate::ring::{Overflow, Sequence, Subscriber};
use crate::sync::{Arc, Countdown};
use crate::topic::{TopicRef, Topics};

/// How many events of the ring it looks at together; fewer on a small ring.
const RUN: usize = 256;

/// The same where all readers that nobody waits for share the ring's spare slots.
const FREE_RUN: usize = 16;

/// How many events a queue gets in one go at most; fewer if it is small.
const CHUNK: usize = 256;

/// Reads the ring for one queue, with a subscriber of its own.
pub(in crate::bus) struct Feed<P> {
    subscriber: Subscriber<Event<P>>,
    /// Events in the ring refer to it.
    _topics: Arc<Topics>,
    sieve: Sieve<P>,
    intake: Intake<Event<P>, TopicRef>,
    overflow: QueueOverflow,
    run: usize,
    chunk: usize,
    /// The next event was judged, is wanted, and found no room.
    judged: bool,
    /// The queue has been full since: when it is no longer waited for.
    stalled: Option<Countdown>,
}

/// What a look at the ring for one queue has come to.
pub(in crate::bus) enum Served {
    /// There may be more.
    Moved,
    /// Nothing is there yet.
    Idle,
    /// There is no room; it is waited for until then.
    Full(Countdown),
    /// Nothing will come any more.
    Ended,
}

/// What the queue's overflow makes of an event that finds no room.
enum Arrival {
    Room,
    Lost,
    Waits(Countdown),
    Disconnects,
}

impl<P> Feed<P> {
    pub(super) fn new(
        subscriber: Subscriber<Event<P>>,
        topics: Arc<Topics>,
        sieve: Sieve<P>,
        intake: Intake<Event<P>, TopicRef>,
        overflow: QueueOverflow,
        ring_capacity: usize,
    ) -> Self {
        let capacity = intake.gauge().capacity() as usize;
        let chunk = match overflow {
            // Evicting one event takes them out one by one.
            QueueOverflow::DropOldest => 1,
            _ => CHUNK.min(capacity / 4).max(1),
        };
        let run = match subscriber.overflow() {
            Overflow::Block => RUN.min(ring_capacity / 4).max(1),
            _ => FREE_RUN,
        };
        Self {
            subscriber,
            _topics: topics,
            sieve,
            intake,
            overflow,
            run,
            chunk,
            judged: false,
            stalled: None,
        }
    }

    /// Lets nothing more in, and leaves the ring.
    pub(super) fn end(feed: &mut Option<Self>, end: End) {
        if let Some(feed) = feed.take() {
            feed.intake.finish(end);
        }
    }

    pub(in crate::bus) fn subscriber(&self) -> &Subscriber<Event<P>> {
        &self.subscriber
    }

    /// Does an event wait for room in the queue?
    pub(in crate::bus) fn is_stalled(&self) -> bool {
        self.judged
    }

    /// Would [`serve`](Self::serve) do anything?
    pub(in crate::bus) fn is_ready(&self) -> bool {
        if !self.is_stalled() {
            return self.subscriber.is_ready();
        }
        self.intake.gauge().room() > 0 || self.stalled.is_none_or(|until| until.left().is_zero())
    }
}

impl<P: Clone> Feed<P> {
    /// Takes a run of events from the ring into the queue. `paced`: it may wait a little for events to gather.
    pub(in crate::bus) fn serve(feed: &mut Option<Self>, queue: &Queue<P>, paced: bool) -> Served {
        if queue.has_left() {
            Self::end(feed, End::Closed);
        }
        let Some(this) = feed else { return Served::Ended };
        this.subscriber.set_paced(paced);
        match this.move_run(queue) {
            Ok(served) => served,
            Err(end) => {
                Self::end(feed, end);
                queue.tally.stand_at(Sequence::MAX);
                Served::Ended
            }
        }
    }

    fn move_run(&mut self, queue: &Queue<P>) -> Result<Served, End> {
        let run = match self.subscriber.batch(self.run) {
            Ok(run) => run,
            Err(TryRecvError::Empty) => return Ok(Served::Idle),
            Err(TryRecvError::Lagged(missed)) => {
                Tally::add(&queue.tally.lost_overwritten, missed);
                return match self.overflow {
                    QueueOverflow::Disconnect => Err(End::Disconnected(missed)),
                    _ => Ok(Served::Moved),
                };
            }
            Err(TryRecvError::Closed | TryRecvError::Disconnected(_)) => return Err(End::Closed),
        };
        let mut now = Now::default();
        let mut counts = Outcomes::default();
        let mut load = Load::new(&self.intake, self.chunk.min(run.len()));
        let mut consumed = 0;
        let mut end = Ok(Served::Moved);
        for event in run.iter() {
            if !std::mem::take(&mut self.judged) {
                let outcome = self.sieve.judge(event, &mut now);
                if outcome != Outcome::Delivered {
                    counts.add(outcome);
                    consumed += 1;
                    continue;
                }
            }
            // Before the event can be read: whoever has it finds those before it counted.
            queue.tally.judged(&mut counts);
            match load.make_room(self.overflow, &mut self.stalled) {
                Arrival::Room if !load.push(event) => Tally::add(&queue.tally.lost_clone, 1),
                Arrival::Room => {}
                Arrival::Lost => Tally::add(&queue.tally.lost_full, 1),
                Arrival::Waits(until) => {
                    self.judged = true;
                    end = Ok(Served::Full(until));
                    break;
                }
                Arrival::Disconnects => {
                    end = Err(End::Disconnected(0));
                    break;
                }
            }
            consumed += 1;
        }
        load.flush();
        let evicted = load.evicted;
        run.release_first(consumed);
        queue.tally.judged(&mut counts);
        Tally::add(&queue.tally.lost_full, evicted);
        queue.tally.stand_at(self.subscriber.sequence());
        end
    }
}

/// Events on their way into the queue.
///
/// Each of them refers to its topic without counting, and one counted reference to each topic goes with them: a count for each
/// would bounce the topic's line between the dispatcher and the readers with every event.
struct Load<'a, P> {
    intake: &'a Intake<Event<P>, TopicRef>,
    events: Vec<Event<P>>,
    keeps: Vec<TopicRef>,
    most: usize,
    /// Known to be room, beside what is loaded.
    room: u64,
    evicted: u64,
}

impl<'a, P: Clone> Load<'a, P> {
    fn new(intake: &'a Intake<Event<P>, TopicRef>, most: usize) -> Self {
        Self { intake, events: Vec::new(), keeps: Vec::new(), most, room: 0, evicted: 0 }
    }

    /// Room for one event more, if the overflow lets it have some.
    fn make_room(&mut self, overflow: QueueOverflow, stalled: &mut Option<Countdown>) -> Arrival {
        if self.room == 0 {
            self.flush();
            self.room = self.intake.gauge().room();
        }
        if self.room > 0 {
            self.room -= 1;
            *stalled = None;
            return Arrival::Room;
        }
        match overflow {
            QueueOverflow::DropOldest => {
                if let Some(oldest) = self.intake.evict() {
                    self.evicted += 1;
                    contain(|| drop(oldest));
                }
                Arrival::Room
            }
            QueueOverflow::DropNewest => Arrival::Lost,
            QueueOverflow::Disconnect => Arrival::Disconnects,
            QueueOverflow::Block { within } => {
                let until = *stalled.get_or_insert_with(|| Countdown::after(within));
                if until.left().is_zero() { Arrival::Lost } else { Arrival::Waits(until) }
            }
        }
    }

    /// Loads a copy; false if the payload's `Clone` panicked.
    fn push(&mut self, event: &Event<P>) -> bool {
        if self.most == 1 {
            return contain(|| event.clone()).map(|copy| self.intake.put(copy)).is_some();
        }
        let topic = event.topic_ref();
        if !self.keeps.iter().rev().take(8).any(|kept| kept.is(topic)) {
            self.keeps.push(topic.clone());
        }
        // SAFETY: `keeps` has a counted reference to its topic, and goes wherever the copy goes: with it into the chunk, from
        // there into the reader's hand, and the reader drops it after the copy, or counts the copy.
        #[allow(unsafe_code, reason = "topics are counted once for many copies")]
        let copy = contain(|| unsafe { event.copy_lent() });
        let Some(copy) = copy else { return false };
        if self.events.capacity() == 0 {
            self.events.reserve_exact(self.most);
        }
        self.events.push(copy);
        if self.events.len() == self.most {
            self.flush();
        }
        true
    }

    fn flush(&mut self) {
        let keeps = std::mem::take(&mut self.keeps);
        match self.events.len() {
            0 => {}
            1 => {
                let mut only = self.events.remove(0);
                only.keep_topic();
                self.intake.put(only);
            }
            _ => self.intake.put_all(Chunk { events: std::mem::take(&mut self.events), keeps }),
        }
    }
}
