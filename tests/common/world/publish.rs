//! What publishers do: one event or a batch, without waiting, with a time-out and without end.

use super::{LONG, Publishers, World, publisher};
use crate::ledger::{Bang, Event};
use crate::oracle::{BatchAnswer, Check, ensure};
use eventcast::ring::{BatchRefusal, PublishBatchError, TryPublishError};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

impl World<'_> {
    pub(super) fn publish(&mut self, handle: usize, b: u64, c: u64) -> Check {
        let Some(handle) = self.handle(handle) else {
            return Ok(());
        };
        let event = self.event(c);
        let id = event.id;
        let (must, _) = self.model.room();
        let sure = self.model.closed || must > 0;
        let before = self.model.next();
        let (answer, back, named) = match b % 4 {
            0 if sure && self.endless => {
                match publisher!(self, handle, p => p.publish(event)).expect("a handle") {
                    Ok(sequence) => (Ok(sequence), None, None),
                    Err(error) => (Err(BatchRefusal::Closed), Some(error.into_inner()), None),
                }
            }
            1 => {
                let timeout = if sure && c.is_multiple_of(2) { LONG } else { Duration::ZERO };
                match publisher!(self, handle, p => p.publish_timeout(event, timeout)).expect("a handle") {
                    Ok(sequence) => (Ok(sequence), None, None),
                    Err(error) => {
                        let (named, timeout) = (error.blocked_by(), error.is_timeout());
                        let refusal = if timeout { BatchRefusal::Timeout } else { BatchRefusal::Closed };
                        (Err(refusal), Some(error.into_inner()), timeout.then_some(named))
                    }
                }
            }
            _ => match publisher!(self, handle, p => p.try_publish(event)).expect("a handle") {
                Ok(sequence) => (Ok(sequence), None, None),
                Err(TryPublishError::Full(event)) => (Err(BatchRefusal::Full), Some(event), None),
                Err(error) => (Err(BatchRefusal::Closed), Some(error.into_inner()), None),
            },
        };
        self.say(|| format!("publish {id}: {answer:?}"));
        if let Some(named) = named {
            self.model.blocked(named)?;
        }
        self.note(before, u64::from(answer.is_ok()), answer.err());
        self.model.offered(id, answer)?;
        if let Some(event) = back {
            ensure!(event.defuse() == id, "another event came back");
        }
        Ok(())
    }

    /// What this says about coverage; before the model takes it in.
    fn note(&mut self, before: u64, accepted: u64, refusal: Option<BatchRefusal>) {
        match refusal {
            Some(BatchRefusal::Full | BatchRefusal::Timeout) => {
                self.seen.full = true;
                self.seen.no_spare |= self.model.held().len() as u64 > self.model.spares;
            }
            Some(BatchRefusal::Closed) if !self.model.closed => self.seen.end_of_sequences = true,
            _ => {}
        }
        let reused = |held: &u64| (before..before + accepted).contains(&(held + self.slots));
        self.seen.displacement |= self.model.held().iter().any(reused);
        self.seen.wrap |= before + accepted > self.model.first + self.slots;
    }

    pub(super) fn publish_batch(&mut self, handle: usize, b: u64, c: u64) -> Check {
        let Some(handle) = self.handle(handle) else {
            return Ok(());
        };
        let n = c % (2 * self.model.capacity + 5);
        let (must, _) = self.model.room();
        let sure = self.model.closed || must >= n;
        let panics_at = (b % 16 == 7).then_some(n / 2);
        let events: Vec<Event> = (0..n).map(|index| self.event(c + index)).collect();
        let ids: Vec<u64> = events.iter().map(|event| event.id).collect();
        let hint = [(n as usize, Some(n as usize)), (0, Some(0)), (0, None), (n as usize * 2, None)]
            [b as usize / 16 % 4];
        let mut source = Source { events: events.into_iter(), panics_at, hint };
        let before = self.model.next();
        let result = catch_unwind(AssertUnwindSafe(|| {
            publisher!(self, handle, p => match b % 4 {
                0 if sure && self.endless => p.publish_batch(&mut source),
                0 | 1 if sure => p.publish_batch_timeout(&mut source, LONG),
                1 => p.publish_batch_timeout(&mut source, Duration::ZERO),
                _ => p.try_publish_batch(&mut source),
            })
            .expect("a handle")
        }));
        let left = std::mem::take(&mut source.events);
        let unasked = left.map(Event::defuse).count() as u64;
        match result {
            Ok(result) => self.batch_done(&ids, n, unasked, before, result),
            Err(panic) => {
                let yielded = &ids[..(n - unasked) as usize];
                let published = self.next_sequence(handle) - before;
                self.say(|| format!("batch {ids:?}: panic after {yielded:?}, {published} published"));
                if !panic.is::<Bang>() {
                    resume_unwind(panic);
                }
                ensure!(panics_at.is_some(), "a panic that was not the iterator's");
                self.seen.panic = true;
                self.note(before, published, None);
                self.model.interrupted_batch(yielded, published)
            }
        }
    }

    fn batch_done(
        &mut self,
        ids: &[u64],
        offered: u64,
        unasked: u64,
        before: u64,
        result: Result<Range<u64>, PublishBatchError<Event>>,
    ) -> Check {
        self.say(|| format!("batch {ids:?}: {result:?}"));
        ensure!(unasked == 0, "{unasked} events were never asked for");
        let answer = match result {
            Ok(range) => {
                ensure!(range.start == before, "{range:?} from {before}");
                ensure!(range.end == before + offered, "{range:?} of {offered} events");
                BatchAnswer { offered, published: offered, refusal: None, blocked_by: None }
            }
            Err(error) => {
                let answer = BatchAnswer {
                    offered,
                    published: error.published(),
                    refusal: Some(error.refusal()),
                    blocked_by: error.blocked_by(),
                };
                let rest: Vec<u64> = error.into_rest().into_iter().map(Event::defuse).collect();
                ensure!(rest == ids[answer.published as usize..], "{answer:?}, {rest:?} came back");
                answer
            }
        };
        self.note(before, answer.published, answer.refusal);
        self.model.offered_batch(ids, &answer)
    }

    fn next_sequence(&mut self, handle: usize) -> u64 {
        publisher!(self, handle, p => p.next_sequence()).expect("a handle")
    }
}

/// An iterator that may lie about its length, and may panic.
struct Source {
    events: std::vec::IntoIter<Event>,
    panics_at: Option<u64>,
    hint: (usize, Option<usize>),
}

impl Iterator for Source {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        if let Some(left) = &mut self.panics_at {
            if *left == 0 {
                resume_unwind(Box::new(Bang));
            }
            *left -= 1;
        }
        self.events.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.hint
    }
}
