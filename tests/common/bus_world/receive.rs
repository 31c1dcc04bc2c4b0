//! What subscriptions do: receive, drain, take batches and let them go, iterate.

use super::{LONG, Payload, World};
use crate::bus_oracle::{Answer, Check, Reads, ensure};
use crate::ledger::Bang;
use crate::script::from_timeout;
use eventcast::{Batch, Event, EventId, TryRecvError};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

/// What an event says of itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    sequence: u64,
    topic: String,
    payload: u64,
    id: EventId,
    notes: (Option<String>, Option<String>),
}

impl Seen {
    pub(super) fn new(event: &Event<Payload>) -> Self {
        Self {
            sequence: event.sequence(),
            topic: event.topic().to_owned(),
            payload: event.payload().id,
            id: event.id(),
            notes: (
                event.message().map(ToOwned::to_owned),
                event.metadata().get("note").map(ToOwned::to_owned),
            ),
        }
    }
}

impl World<'_> {
    /// Is this what was published there, and what others have seen?
    pub(super) fn check(&mut self, seen: &Seen) -> Check {
        let next = self.model.log.next();
        let Some(fact) = self.model.log.events.get_mut(seen.sequence as usize) else {
            return Err(format!("{seen:?} of {next} events"));
        };
        let id = *fact.seen_id.get_or_insert(seen.id);
        let text = id.to_string();
        let fits = match &fact.given_id {
            Some(given) => text == *given && id.is_given(),
            None => text.ends_with(&format!("-{}", seen.sequence)) && !id.is_given(),
        };
        let expected = Seen {
            sequence: seen.sequence,
            topic: fact.topic.to_owned(),
            payload: fact.payload,
            id,
            notes: (fact.note.clone(), fact.note.clone()),
        };
        ensure!(*seen == expected && fits, "{seen:?}, expected {fact:?}");
        Ok(())
    }

    /// Compares an answer with the oracle's.
    fn compare_answer(&mut self, slot: usize, max: usize, got: Result<Vec<Seen>, TryRecvError>) -> Check {
        let expected: Answer = self.model.receive(slot, max, got.as_ref().map_or(1, Vec::len))?;
        self.note(&expected);
        for seen in got.iter().flatten() {
            self.check(seen)?;
        }
        let got = got.map(|seen| seen.iter().map(|seen| seen.sequence).collect::<Vec<_>>());
        ensure!(got == expected, "{got:?}, expected {expected:?}");
        Ok(())
    }

    fn note<T>(&mut self, answer: &Result<T, TryRecvError>) {
        if let Err(error) = answer {
            self.seen.lag |= error.is_lagged();
            self.seen.disconnect |= matches!(error, TryRecvError::Disconnected(n) if *n > 0);
            self.seen.queue_disconnect |= *error == TryRecvError::Disconnected(0);
        }
    }

    pub(super) fn receive(&mut self, slot: usize, b: usize) -> Check {
        self.receive_once(slot, b).map(drop)
    }

    /// One event; nothing when there is none, or will be none.
    pub(super) fn receive_once(&mut self, slot: usize, b: usize) -> Check<Option<()>> {
        let Some(subscription) = &mut self.subs[slot] else {
            return Ok(None);
        };
        let result = catch_unwind(AssertUnwindSafe(|| match b % 4 {
            0 => subscription.recv_timeout(Duration::ZERO).map_err(from_timeout),
            // Whoever finds nothing waits; so only where something is there.
            1 if !subscription.is_empty() && subscription.pattern().is_everything() && b >= 64 => {
                subscription.recv_timeout(LONG / 100).map_err(from_timeout)
            }
            _ => subscription.try_recv(),
        }));
        let got = match result {
            Ok(result) => result,
            Err(panic) if panic.is::<Bang>() => return self.clone_panicked(slot).map(Some),
            Err(panic) => resume_unwind(panic),
        };
        self.say(|| format!("receive {slot}: {:?}", got.as_ref().map(Seen::new)));
        let ended = matches!(got, Err(TryRecvError::Closed | TryRecvError::Empty));
        let seen = got.as_ref().map(|event| vec![Seen::new(event)]).map_err(|error| *error);
        self.compare_answer(slot, 1, seen)?;
        if let (Ok(event), true) = (got, b >= 192 && self.kept.len() < 4) {
            self.kept.push(event);
        }
        Ok((!ended).then_some(()))
    }

    /// The event whose clone panics counts as delivered.
    fn clone_panicked(&mut self, slot: usize) -> Check {
        self.seen.clone_panic = true;
        let answer = self.model.receive(slot, 1, 1)?;
        self.say(|| format!("receive {slot}: a clone panics, {answer:?}"));
        let bangs = |at: &u64| self.model.log.at(*at).clone_bang;
        ensure!(answer.iter().flatten().any(bangs), "a clone panicked, expected {answer:?}");
        Ok(())
    }

    pub(super) fn drain(&mut self, slot: usize, c: usize) -> Check {
        let max = if c % 16 == 15 { usize::MAX } else { c % 16 };
        let Some(subscription) = &mut self.subs[slot] else {
            return Ok(());
        };
        let mut seen = Vec::new();
        let result = subscription.drain(max, |event| seen.push(Seen::new(event)));
        self.say(|| format!("drain {slot} of {max}: {result:?} {seen:?}"));
        if let Ok(n) = result {
            ensure!(n == seen.len() && n > 0, "answered {n}, called {} times", seen.len());
        } else {
            ensure!(seen.is_empty(), "{result:?} after {seen:?}");
        }
        self.compare_answer(slot, max, result.map(|_| seen))
    }

    pub(super) fn iterate(&mut self, slot: usize, c: usize) -> Check {
        for _ in 0..c % 6 {
            self.settle()?;
            let Some(subscription) = &mut self.subs[slot] else {
                return Ok(());
            };
            let result = catch_unwind(AssertUnwindSafe(|| subscription.try_iter().next()));
            self.say(|| format!("iterate {slot}"));
            // What a receive would have reported, it passes over.
            let missed = |answer: &Answer| matches!(answer, Err(TryRecvError::Lagged(_)));
            let mut expected = self.model.receive(slot, 1, 1)?;
            while missed(&expected) {
                self.note(&expected);
                expected = self.model.receive(slot, 1, 1)?;
            }
            self.note(&expected);
            let got = match result {
                Ok(event) => event.as_ref().map(Seen::new),
                Err(panic) if panic.is::<Bang>() => {
                    let bangs = |at: &u64| self.model.log.at(*at).clone_bang;
                    ensure!(expected.iter().flatten().any(bangs), "a clone panicked, expected {expected:?}");
                    continue;
                }
                Err(panic) => resume_unwind(panic),
            };
            if let Some(seen) = &got {
                self.check(seen)?;
            }
            let place = got.map(|seen| vec![seen.sequence]);
            ensure!(place == expected.clone().ok(), "{place:?}, expected {expected:?}");
        }
        Ok(())
    }

    /// Takes a batch, and lets it go in one way or another; perhaps after other operations. True at the list's end.
    pub(super) fn batch(&mut self, slot: usize, b: usize, c: usize, depth: usize) -> Check<bool> {
        let max = if c % 16 == 15 { usize::MAX } else { c % 16 };
        let Some(mut subscription) = self.subs[slot].take() else {
            return Ok(false);
        };
        let result = match b % 4 {
            0 => subscription.recv_batch_timeout(max, Duration::ZERO).map_err(from_timeout),
            _ => subscription.batch(max),
        };
        let ended = self.guard(slot, (b, c), max, result, depth)?;
        self.subs[slot] = Some(subscription);
        Ok(ended)
    }

    fn guard(
        &mut self,
        slot: usize,
        (b, c): (usize, usize),
        max: usize,
        result: Result<Batch<'_, Payload>, TryRecvError>,
        depth: usize,
    ) -> Check<bool> {
        let batch = match result {
            Ok(batch) => batch,
            Err(error) => {
                self.say(|| format!("batch {slot} of {max}: {error:?}"));
                let expected = self.model.guard(slot, max, 1)?.map(|guard| guard.events);
                self.note(&expected);
                ensure!(expected == Err(error), "{error:?}, expected {expected:?}");
                return Ok(false);
            }
        };
        let events: Vec<Seen> = batch.iter().map(Seen::new).collect();
        let n = events.len();
        self.say(|| format!("batch {slot} of {max}: {events:?}"));
        let guard = match self.model.guard(slot, max, n)? {
            Ok(guard) => guard,
            Err(error) => return Err(format!("{events:?}, expected {error:?}")),
        };
        let sequences: Vec<u64> = events.iter().map(|seen| seen.sequence).collect();
        ensure!(sequences == guard.events, "{sequences:?}, expected {:?}", guard.events);
        events.iter().try_for_each(|seen| self.check(seen))?;
        same(&batch, &events)?;
        let mut ended = false;
        if b & 64 != 0 {
            self.seen.guard_kept = true;
            self.say(|| format!("{slot} keeps its guard"));
            self.compare()?;
            ended = self.steps(depth + 1)?;
            same(&batch, &events)?;
        }
        let way = b / 4 % 4;
        self.say(|| format!("guard of {slot} goes, way {way}"));
        match way {
            0 => {
                self.seen.guard_forgotten = true;
                std::mem::forget(batch);
                if let Some(Reads::Queued(queued)) = self.model.subs[slot].as_mut().map(|sub| &mut sub.reads)
                {
                    queued.forget(n);
                }
            }
            1 => {
                let part = c / 16 % (n + 2);
                batch.release_first(part);
                self.model.release(slot, &guard, part);
            }
            _ => {
                drop(batch);
                self.model.release(slot, &guard, n);
            }
        }
        Ok(ended)
    }
}

/// Does the guard still lend what it lent at first?
fn same(batch: &Batch<'_, Payload>, events: &[Seen]) -> Check {
    ensure!(
        batch.iter().map(Seen::new).eq(events.iter().cloned()),
        "the guard's events changed: {batch:?}, were {events:?}"
    );
    ensure!(batch.len() == events.len(), "the guard's length");
    ensure!(batch.get(events.len()).is_none() && Seen::new(&batch[0]) == events[0], "the guard's index");
    Ok(())
}
