//! What a publisher may be answered: one event or a batch that is accepted, refused, or interrupted by a panic.

use super::{BatchAnswer, Check, END, Model, ensure};
use eventcast::ring::{BatchRefusal, Overflow, SubscriberId};

impl Model {
    /// Is this the name of whom a refused publisher waits for?
    fn names_a_blocker(&self, id: SubscriberId) -> Check {
        let backlog = self.backlog();
        let holders = self.held().len() as u64 > self.spares;
        let named = self.present().any(|sub| {
            sub.id == id
                && match sub.overflow {
                    Overflow::Block => self.next() - sub.place == backlog,
                    _ => holders && sub.held > 0,
                }
        });
        ensure!(named, "{id} is named but holds nobody up");
        Ok(())
    }

    /// Somebody tried to publish: cursors may have been moved, and who joined a ring behind may be noticed.
    fn tried(&mut self) {
        let (now, capacity) = (self.next(), self.capacity);
        for sub in self.subs.iter_mut().flatten() {
            sub.stale = true;
            if sub.marks.contains(&None) && now > sub.next + capacity {
                sub.may_be_marked(sub.next + capacity);
            }
        }
    }

    fn accept(&mut self, event: u64) {
        let sequence = self.next();
        let capacity = self.capacity;
        self.events.push(event);
        for sub in self.subs.iter_mut().flatten() {
            if sub.overflow == Overflow::Disconnect && !sub.gone && sub.marks.contains(&None) {
                if sequence >= sub.next + capacity {
                    sub.may_be_marked(sub.next + capacity);
                }
                if sequence >= sub.next + capacity && sequence >= sub.unnoticed {
                    sub.marks.retain(Option::is_some);
                }
            }
        }
    }

    /// One event was offered without waiting.
    pub(crate) fn offered(&mut self, event: u64, answer: Result<u64, BatchRefusal>) -> Check {
        let (must, may) = self.room();
        self.tried();
        match answer {
            Ok(sequence) => {
                ensure!(!self.closed, "accepted on a closed ring");
                ensure!(sequence == self.next(), "sequence {sequence}, not {}", self.next());
                ensure!(sequence < END, "a sequence beyond the end");
                ensure!(may > 0, "accepted, though a blocking subscriber is a ring behind");
                self.accept(event);
            }
            Err(BatchRefusal::Closed) => {
                ensure!(self.closed || self.next() == END, "closed, but nobody closed it");
                self.closed = true;
            }
            Err(refusal) => {
                ensure!(!self.closed, "{refusal:?} on a closed ring");
                ensure!(must == 0, "{refusal:?} with room for {must}");
            }
        }
        Ok(())
    }

    /// Whom the refused publisher names.
    pub(crate) fn blocked(&self, by: Option<SubscriberId>) -> Check {
        match by {
            Some(id) => self.names_a_blocker(id),
            None => Err("nobody is named".into()),
        }
    }

    /// The longest piece of a batch that goes in as a whole.
    fn chunk(&self) -> u64 {
        32.min(self.capacity)
    }

    /// A batch was offered; `events` are all it would have yielded.
    pub(crate) fn offered_batch(&mut self, events: &[u64], answer: &BatchAnswer) -> Check {
        let &BatchAnswer { offered, published, refusal, blocked_by } = answer;
        let (must, may) = self.room();
        let left = END - self.next();
        if offered == 0 {
            ensure!(published == 0 && refusal.is_none(), "an empty batch: {answer:?}");
            return Ok(());
        }
        self.tried();
        ensure!(published <= offered, "more published than offered: {answer:?}");
        if self.closed {
            ensure!(
                published == 0 && refusal == Some(BatchRefusal::Closed),
                "batch on a closed ring: {answer:?}"
            );
            return Ok(());
        }
        ensure!(published <= may, "{published} published, with room for {may}");
        ensure!(published <= left, "sequences beyond the end");
        // What stopped it was a piece, all of which needed room.
        let piece = if self.unique { 1 } else { self.chunk().min(offered - published) };
        // A chunk is cut where a guard holds the slot that it wants.
        if !self.unique && refusal.is_some() && self.held().is_empty() {
            ensure!(published.is_multiple_of(self.chunk()), "half a chunk: {answer:?}");
        }
        match refusal {
            None => ensure!(published == offered, "{answer:?}"),
            Some(BatchRefusal::Closed) => {
                ensure!(published + piece > left, "closed, but nobody closed it: {answer:?}");
                self.closed = true;
            }
            Some(_) => {
                ensure!(published + piece > must, "{answer:?} with room for {must}");
            }
        }
        events[..published as usize].iter().for_each(|event| self.accept(*event));
        if let Some(BatchRefusal::Full | BatchRefusal::Timeout) = refusal {
            self.blocked(blocked_by)?;
        }
        Ok(())
    }

    /// A batch's iterator panicked after it had yielded these.
    pub(crate) fn interrupted_batch(&mut self, yielded: &[u64], published: u64) -> Check {
        let (must, may) = self.room();
        let n = yielded.len() as u64;
        let left = END - self.next();
        self.tried();
        ensure!(published <= n && published <= may, "{published} of {n} published, room for {may}");
        if self.closed {
            ensure!(published == 0, "published on a closed ring");
            return Ok(());
        }
        if self.unique {
            self.closed = n > published && published == left;
        } else {
            ensure!(published.is_multiple_of(self.chunk()) || !self.held().is_empty(), "half a chunk");
            let whole = n / self.chunk() * self.chunk();
            let refused = published + self.chunk() > must.min(left);
            ensure!(
                published == whole || refused,
                "{published} published, {whole} in whole chunks before the panic"
            );
            // The rest of a refused batch was being collected when the iterator panicked.
            // What was refused then is a chunk, or what was left of one that a guard's slot had cut.
            let piece = self.chunk() - published % self.chunk();
            if published < whole && published + piece > left {
                self.closed = true;
            }
        }
        yielded[..published as usize].iter().for_each(|event| self.accept(*event));
        Ok(())
    }
}
