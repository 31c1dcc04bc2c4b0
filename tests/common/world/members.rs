//! Who comes and goes: subscribers join and leave, publishers are cloned, dropped and upgraded, the ring is closed.

use super::{Publishers, World, policy, publisher};
use crate::ledger::Event;
use crate::oracle::{Check, ensure};
use eventcast::ring::{Overflow, Publisher, Start, StartError, Subscriber};

impl World<'_> {
    pub(super) fn join(&mut self, slot: usize, b: u64, c: u64) -> Check {
        // A slot whose subscriber is busy with a guard is not free.
        if self.subs[slot].is_some() || self.model.subs[slot].is_some() {
            return Ok(());
        }
        let Some(handle) = self.handle(0) else {
            return Ok(());
        };
        let overflow = policy(b);
        let (oldest, now) = (self.model.oldest(), self.model.next());
        let (start, from) = match b / 4 % 4 {
            0 => (Start::Now, None),
            1 => (Start::Oldest, Some(None)),
            _ => {
                let sequence = (oldest + c % (now - oldest + 5)).saturating_sub(2);
                (Start::Sequence(sequence), Some(Some(sequence)))
            }
        };
        let result: Result<Subscriber<Event>, StartError> = publisher!(self, handle, p => {
            match (start, overflow) {
                (Start::Now, Overflow::Block) if c.is_multiple_of(2) => Ok(p.subscribe()),
                (Start::Now, overflow) if c.is_multiple_of(2) => Ok(p.subscribe_with(overflow)),
                _ => p.subscribe_from(start, overflow),
            }
        })
        .expect("a handle");
        self.say(|| format!("join {slot} {overflow:?} {start:?}: {:?}", result.as_ref().map(Subscriber::id)));
        let answer = result.as_ref().map(Subscriber::id).map_err(|error| *error);
        self.model.joined(slot, overflow, from, answer)?;
        if let Ok(subscriber) = result {
            ensure!(self.ids.insert(subscriber.id()), "{} twice", subscriber.id());
            ensure!(subscriber.overflow() == overflow, "another policy");
            self.subs[slot] = Some(subscriber);
        }
        Ok(())
    }

    pub(super) fn leave(&mut self, slot: usize) -> Check {
        if self.subs[slot].take().is_some() {
            self.say(|| format!("leave {slot}"));
            self.model.left(slot);
            #[cfg(feature = "select")]
            {
                self.bells[slot] = None;
            }
        }
        Ok(())
    }

    pub(super) fn close(&mut self, handle: usize) -> Check {
        let Some(handle) = self.handle(handle) else {
            return Ok(());
        };
        self.say(|| "close".into());
        let unread = self.model.subs.iter().flatten().any(|sub| !sub.gone && sub.next < self.model.next());
        self.seen.close_with_unread |= unread && !self.model.closed;
        publisher!(self, handle, p => p.close());
        self.model.close();
        Ok(())
    }

    /// Clones, drops, weak handles.
    pub(super) fn handles(&mut self, which: usize, b: u64) -> Check {
        let Publishers::Shared(handles) = &mut self.publishers else {
            return Ok(());
        };
        let present = handles.iter().flatten().count();
        match b % 8 {
            0..=2 => {
                let copy = handles.iter().flatten().next().cloned();
                if let (Some(copy), Some(free)) = (copy, handles.iter_mut().find(|handle| handle.is_none())) {
                    *free = Some(copy);
                }
            }
            // The last one goes seldom: after it nothing can be published.
            3 | 4 if present > 1 || b >= 224 => {
                if handles[which].take().is_some() && present == 1 {
                    self.say(|| "the last publisher goes".into());
                    self.model.close();
                }
            }
            5 | 6 => {
                self.weak = handles.iter().flatten().next().map(Publisher::downgrade).or(self.weak.take())
            }
            _ => {
                let Some(weak) = self.weak.clone() else {
                    return Ok(());
                };
                let upgraded = weak.upgrade();
                ensure!(upgraded.is_some() == (present > 0), "upgrade with {present} publishers");
                handles[which] = upgraded.or(handles[which].take());
            }
        }
        Ok(())
    }
}
