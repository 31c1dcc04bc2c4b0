//! What subscribers do: receive, drain, take batches and let them go, iterate, arm.

use super::{LONG, World};
use crate::ledger::{Bang, Event};
use crate::oracle::{Check, ensure};
use crate::script::from_timeout;
use eventcast::ring::{Batch, Overflow, RecvError, TryRecvError};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

impl World<'_> {
    pub(super) fn receive(&mut self, slot: usize, b: u64) -> Check {
        let ready = self.subs[slot].is_some() && self.model.is_ready(slot);
        let Some(subscriber) = &mut self.subs[slot] else {
            return Ok(());
        };
        let result = catch_unwind(AssertUnwindSafe(|| match b % 4 {
            0 if ready && self.endless => subscriber.recv().map_err(from_recv),
            0 | 1 if ready => subscriber.recv_timeout(LONG).map_err(from_timeout),
            1 => subscriber.recv_timeout(Duration::ZERO).map_err(from_timeout),
            _ => subscriber.try_recv(),
        }));
        self.model.called(slot);
        let result = match result {
            Ok(result) => result.map(|event| event.id),
            // Its clone panicked: it counts as delivered. Which one it was, only the oracle can say, if at all.
            Err(panic) if panic.is::<Bang>() => {
                self.seen.panic = true;
                let at = self.just_read(slot);
                match self.model.event(at) {
                    Some(event) => Ok(event),
                    None => return Err(format!("a clone panicked, but there is no event {at}")),
                }
            }
            Err(panic) => resume_unwind(panic),
        };
        self.say(|| format!("receive {slot}: {result:?}"));
        match result {
            Ok(event) => {
                self.model.looked(slot, &[event])?;
                self.model.consumed(slot, 1);
                Ok(())
            }
            Err(error) => self.nothing(slot, error),
        }
    }

    /// The event that a receive has just consumed without handing it out: the next one in hand, or else the one before the
    /// place where it stands now, because nobody has published since.
    fn just_read(&self, slot: usize) -> u64 {
        let sub = self.model.sub(slot);
        match &self.subs[slot] {
            Some(subscriber) if sub.held == 0 => subscriber.sequence() - 1,
            _ => sub.next,
        }
    }

    fn nothing(&mut self, slot: usize, error: TryRecvError) -> Check {
        self.seen.lag |= error.is_lagged();
        self.seen.disconnect |= error.is_disconnected();
        self.model.nothing(slot, error)
    }

    pub(super) fn drain(&mut self, slot: usize, b: u64, c: u64) -> Check {
        let max = match c % 32 {
            31 => usize::MAX,
            max => max as usize,
        };
        let ready = self.subs[slot].is_some() && self.model.is_ready(slot);
        let Some(subscriber) = &mut self.subs[slot] else {
            return Ok(());
        };
        self.model.called(slot);
        let mut panics_at = (b % 16 == 7).then_some(b as usize / 16 % 4);
        if self.model.sub(slot).held > 0 || self.model.sub(slot).is_ambiguous() {
            // How much of a run stays in hand is the ring's own affair; the oracle knows it only for a fresh one.
            panics_at = None;
        }
        let mut ids = Vec::new();
        let result = catch_unwind(AssertUnwindSafe(|| {
            let f = |event: &Event| {
                ids.push(event.id);
                if panics_at == Some(ids.len() - 1) {
                    resume_unwind(Box::new(Bang));
                }
            };
            match b % 4 {
                0 if ready && self.endless => subscriber.drain_wait(max, f).map_err(from_recv),
                0 | 1 if ready => subscriber.drain_timeout(max, LONG, f).map_err(from_timeout),
                1 => subscriber.drain_timeout(max, Duration::ZERO, f).map_err(from_timeout),
                _ => subscriber.drain(max, f),
            }
        }));
        self.say(|| format!("drain {slot} of {max}: {ids:?} {:?}", result.as_ref().ok()));
        let n = ids.len() as u64;
        let max = (max as u64).max(1);
        let ahead = self.model.next() - self.model.sub(slot).next;
        // A disconnecting subscriber may skip what is overwritten between two runs.
        for run in ids
            .chunk_by(|a, b| a + 1 == *b || self.model.follows(*a, *b))
            .map(<[u64]>::to_vec)
            .collect::<Vec<_>>()
        {
            self.model.looked(slot, &run)?;
            self.model.consumed(slot, run.len() as u64);
        }
        match result {
            Ok(Ok(answer)) => {
                ensure!(answer as u64 == n && n > 0, "answered {answer}, called {n} times");
                if self.model.sub(slot).overflow == Overflow::Block {
                    ensure!(n == max.min(ahead), "drained {n} of {ahead}, at most {max}");
                }
                ensure!(n <= max, "drained {n}, at most {max}");
                Ok(())
            }
            Ok(Err(error)) => {
                ensure!(n == 0, "{error:?} after {n} events");
                self.nothing(slot, error)
            }
            Err(panic) => {
                if !panic.is::<Bang>() {
                    resume_unwind(panic);
                }
                self.seen.panic = true;
                self.model.drain_interrupted(slot, max, n);
                Ok(())
            }
        }
    }

    /// Takes a batch, and lets it go in one way or another; perhaps after other operations. True at the list's end.
    pub(super) fn batch(&mut self, slot: usize, b: u64, c: u64, depth: usize) -> Check<bool> {
        let max = match c % 32 {
            31 => usize::MAX,
            max => max as usize,
        };
        let ready = self.subs[slot].is_some() && self.model.is_ready(slot);
        let Some(mut subscriber) = self.subs[slot].take() else {
            return Ok(false);
        };
        self.model.called(slot);
        let result = match b % 4 {
            0 if ready && self.endless => subscriber.recv_batch(max).map_err(from_recv),
            0 | 1 if ready => subscriber.recv_batch_timeout(max, LONG).map_err(from_timeout),
            1 => subscriber.recv_batch_timeout(max, Duration::ZERO).map_err(from_timeout),
            _ => subscriber.batch(max),
        };
        let ended = self.guard(slot, (b, c), max, result, depth)?;
        self.subs[slot] = Some(subscriber);
        Ok(ended)
    }

    fn guard(
        &mut self,
        slot: usize,
        (b, c): (u64, u64),
        max: usize,
        result: Result<Batch<'_, Event>, TryRecvError>,
        depth: usize,
    ) -> Check<bool> {
        let mut ended = false;
        match result {
            Err(error) => {
                self.say(|| format!("batch {slot} of {max}: {error:?}"));
                self.nothing(slot, error)?;
            }
            Ok(batch) => {
                let ids: Vec<u64> = batch.iter().map(|event| event.id).collect();
                self.say(|| format!("batch {slot} of {max}: {ids:?}"));
                self.model.looked(slot, &ids)?;
                let n = ids.len() as u64;
                ensure!(n <= (max as u64).max(1), "a batch of {n}, at most {max}");
                same(&batch, &ids, self.model.sub(slot).next)?;
                if b & 64 != 0 {
                    self.seen.guard_kept = true;
                    self.say(|| format!("{slot} keeps its guard"));
                    ended = self.steps(depth + 1)?;
                    same(&batch, &ids, self.model.sub(slot).next)?;
                }
                let way = b / 4 % 4;
                self.say(|| format!("guard of {slot} goes, way {way}"));
                match way {
                    0 => {
                        self.seen.guard_forgotten = true;
                        std::mem::forget(batch);
                        self.model.forget_guard(slot, n);
                    }
                    1 => {
                        let part = c / 32 % (n + 1);
                        batch.release_first(part as usize);
                        self.model.consumed(slot, part);
                    }
                    2 => {
                        batch.release_first(usize::MAX);
                        self.model.consumed(slot, n);
                    }
                    _ => {
                        drop(batch);
                        self.model.consumed(slot, n);
                    }
                }
            }
        }
        Ok(ended)
    }

    pub(super) fn iterate(&mut self, slot: usize, b: u64, c: u64) -> Check {
        let Some(subscriber) = &mut self.subs[slot] else {
            return Ok(());
        };
        // It would not say what ended it.
        if self.model.sub(slot).overflow == Overflow::Disconnect {
            return Ok(());
        }
        for _ in 0..c % 8 {
            let result = catch_unwind(AssertUnwindSafe(|| subscriber.try_iter().next()));
            self.model.called(slot);
            let lost = subscriber.lost();
            let sub = self.model.sub(slot);
            let missed = lost - sub.lost;
            self.seen.lag |= missed > 0;
            let event = match result {
                Ok(event) => event.map(|event| event.id),
                Err(panic) if panic.is::<Bang>() => {
                    let at = if sub.held == 0 { subscriber.sequence() - 1 } else { sub.next };
                    self.model.event(at)
                }
                Err(panic) => resume_unwind(panic),
            };
            // What lies between is what a receive would have reported.
            if let Some(event) = event {
                let skipped = self.model.distance(sub.next, event)?;
                if skipped > 0 {
                    self.model.nothing(slot, TryRecvError::Lagged(skipped))?;
                }
                self.model.looked(slot, &[event])?;
                self.model.consumed(slot, 1);
            } else {
                let error = if self.model.closed { TryRecvError::Closed } else { TryRecvError::Empty };
                self.model.nothing(slot, error)?;
            }
        }
        self.say(|| format!("iterate {slot}, {b}"));
        Ok(())
    }

    #[cfg(not(feature = "select"))]
    pub(super) fn arm(&mut self, _slot: usize) -> Check {
        Ok(())
    }

    #[cfg(feature = "select")]
    pub(super) fn arm(&mut self, slot: usize) -> Check {
        let Some(subscriber) = &mut self.subs[slot] else {
            return Ok(());
        };
        let bell = subscriber.arm().clone();
        self.model.called(slot);
        let ready = self.model.is_ready(slot);
        self.say(|| format!("arm {slot}: ready {ready}"));
        ensure!(bell.try_recv().is_ok() == ready, "armed with ready = {ready}");
        ensure!(bell.try_recv().is_err(), "it rang twice");
        self.bells[slot] = (!ready).then_some(bell);
        Ok(())
    }
}

/// Does the guard still lend what it lent at first?
fn same(batch: &Batch<'_, Event>, ids: &[u64], first: u64) -> Check {
    ensure!(
        batch.iter().map(|event| event.id).eq(ids.iter().copied()),
        "the guard's events changed: {batch:?}"
    );
    ensure!(batch.len() == ids.len() && batch.iter().len() == ids.len(), "the guard's length");
    ensure!(batch.get(ids.len()).is_none() && batch[0].id == ids[0], "the guard's index");
    ensure!(batch.sequence() == first, "a guard from {}, expected {first}", batch.sequence());
    Ok(())
}

fn from_recv(error: RecvError) -> TryRecvError {
    error.into()
}
