//! What a subscriber may be answered: the events it looks at, what it missed, the end, and its counters.

use super::{Check, Counters, Model, Sub, ensure};
use eventcast::ring::{Overflow, TryRecvError};

impl Model {
    /// Is there certainly an answer without waiting?
    pub(crate) fn is_ready(&self, slot: usize) -> bool {
        let sub = self.sub(slot);
        sub.gone || self.closed || sub.next + sub.guarded < self.next()
    }

    /// Any call that takes the subscriber by `&mut` releases a forgotten guard.
    pub(crate) fn called(&mut self, slot: usize) {
        let guarded = std::mem::take(&mut self.sub_mut(slot).guarded);
        self.consumed(slot, guarded);
    }

    /// The first `n` held events were consumed.
    pub(crate) fn consumed(&mut self, slot: usize, n: u64) {
        let sub = self.sub_mut(slot);
        sub.next += n;
        sub.held = sub.held.saturating_sub(n);
        if sub.held == 0 || sub.overflow == Overflow::Block {
            sub.place = sub.next;
            sub.resume = sub.resume.max(sub.next);
        }
    }

    /// The furthest that a laggard may have been moved to by now.
    fn furthest(&self, sub: &Sub) -> u64 {
        if sub.stale { sub.resume.max(self.next().saturating_sub(self.capacity)) } else { sub.resume }
    }

    /// It looked at these events, in order, at least one.
    pub(crate) fn looked(&mut self, slot: usize, events: &[u64]) -> Check {
        let first = self.sequence_of(events[0])?;
        for (index, event) in events.iter().enumerate() {
            let sequence = self.sequence_of(*event)?;
            ensure!(
                sequence == first + index as u64,
                "sequence {sequence} at place {index} of a run from {first}"
            );
        }
        let end = first + events.len() as u64;
        let furthest = self.furthest(self.sub(slot));
        let sub = self.sub_mut(slot);
        ensure!(!sub.gone, "an event after the disconnect");
        if sub.overflow == Overflow::Disconnect {
            let (resume, next, held) = (sub.resume, sub.next, sub.held);
            sub.marks.retain(|mark| match mark {
                None => first == next,
                // What it holds it reads, also beyond a mark that came late.
                Some(mark) if held > 0 => first == next && end <= (*mark).max(next + held),
                Some(mark) => (resume..=furthest).contains(&first) && end <= *mark,
            });
            ensure!(!sub.marks.is_empty(), "read {first}..{end}, stood at {next}");
            sub.lost += first - next;
        } else {
            ensure!(first == sub.next, "read {first}, stood at {}", sub.next);
            ensure!(
                sub.held > 0 || sub.overflow == Overflow::Block || sub.resume == sub.next,
                "read {first}, had been moved to {}",
                sub.resume
            );
        }
        if sub.held == 0 {
            sub.next = first;
            sub.place = first;
            sub.stale = false;
        }
        sub.held = sub.held.max(events.len() as u64);
        sub.resume = sub.resume.max(sub.next + sub.held);
        Ok(())
    }

    /// A look had nothing to give.
    pub(crate) fn nothing(&mut self, slot: usize, error: TryRecvError) -> Check {
        let (now, closed) = (self.next(), self.closed);
        let furthest = self.furthest(self.sub(slot));
        let sub = self.sub_mut(slot);
        ensure!(sub.held == 0, "{error:?} with {} events in hand", sub.held);
        match error {
            TryRecvError::Closed if sub.gone => {}
            _ if sub.gone => return Err(format!("{error:?} after the disconnect")),
            TryRecvError::Empty | TryRecvError::Closed => {
                ensure!(closed == (error == TryRecvError::Closed), "{error:?}, closed: {closed}");
                ensure!(sub.next == now, "{error:?} at {} of {now}", sub.next);
                ensure!(sub.resume == now, "{error:?} after it was moved to {}", sub.resume);
                ensure!(sub.marks.contains(&None), "{error:?} for a disconnected subscriber {:?}", sub.marks);
                sub.marks = vec![None];
            }
            TryRecvError::Lagged(n) => {
                let to = sub.next + n;
                ensure!(sub.overflow == Overflow::Lag && n > 0, "{error:?} for {:?}", sub.overflow);
                ensure!(
                    to >= sub.resume && to <= furthest,
                    "{error:?} from {}: expected to go on in {}..={furthest}",
                    sub.next,
                    sub.resume
                );
                sub.lost += n;
                sub.next = to;
                sub.place = to;
                sub.resume = to;
                sub.stale = false;
            }
            TryRecvError::Disconnected(n) => {
                // One that joined behind may have read beyond its mark before anybody noticed.
                let missed = |mark: u64| sub.lost + mark.saturating_sub(sub.next);
                let mark = sub.marks.iter().flatten().find(|mark| missed(**mark) == n);
                let Some(&mark) = mark else {
                    return Err(format!(
                        "{error:?} at {} after {} lost: marks {:?}",
                        sub.next, sub.lost, sub.marks
                    ));
                };
                sub.gone = true;
                sub.lost = n;
                sub.next = sub.next.max(mark);
            }
            other => return Err(format!("{other:?}")),
        }
        Ok(())
    }

    /// How long a run it can hold at once.
    fn longest_run(&self, slot: usize) -> u64 {
        match self.sub(slot).overflow {
            Overflow::Block => u64::MAX,
            _ => self.spares.min(255),
        }
    }

    /// A drain that began with nothing in hand and panicked in its `n`-th event: the rest of its last run stays in hand.
    /// Runs are as long as the spares allow, and at most 64 events.
    pub(crate) fn drain_interrupted(&mut self, slot: usize, max: u64, n: u64) {
        if self.sub(slot).overflow == Overflow::Block {
            return;
        }
        let run = self.longest_run(slot).min(64);
        let now = self.next();
        let sub = self.sub_mut(slot);
        let end = sub.marks.iter().flatten().copied().next().unwrap_or(now);
        let start = sub.next - n;
        let before = (n - 1) / run * run;
        let in_hand = run.min(max - before).min(end - start - before) - (n - before);
        if in_hand > 0 {
            sub.place = start + before;
            sub.held = in_hand;
            sub.resume = sub.resume.max(sub.next + in_hand);
        }
    }

    /// Is `b` the event after `a`?
    pub(crate) fn follows(&self, a: u64, b: u64) -> bool {
        matches!((self.sequence_of(a), self.sequence_of(b)), (Ok(a), Ok(b)) if a + 1 == b)
    }

    /// How far this event lies ahead of a place.
    pub(crate) fn distance(&self, from: u64, event: u64) -> Check<u64> {
        let sequence = self.sequence_of(event)?;
        sequence.checked_sub(from).ok_or_else(|| format!("event {event} lies before {from}"))
    }

    /// A guard of `n` events was forgotten.
    pub(crate) fn forget_guard(&mut self, slot: usize, n: u64) {
        self.sub_mut(slot).guarded = n;
    }

    /// Takes what the counters say: checks it, and remembers what it tells.
    pub(crate) fn counters(&mut self, slot: usize, seen: Counters) -> Check {
        let now = self.next();
        let furthest = self.furthest(self.sub(slot));
        let sub = self.sub_mut(slot);
        let next = sub.next + sub.guarded;
        if sub.gone || sub.overflow == Overflow::Block {
            let expected =
                Counters { len: if sub.gone { 0 } else { now - next }, lost: sub.lost, sequence: next };
            ensure!(seen == expected, "{seen:?}, expected {expected:?}");
            return Ok(());
        }
        let held = sub.held.saturating_sub(sub.guarded);
        ensure!(seen.lost >= sub.lost, "lost went down: {seen:?}, {}", sub.lost);
        let resume = seen.lost - sub.lost + next + held;
        let fits = |end: u64| {
            let sequence = if held > 0 { next } else { resume };
            seen == Counters { len: held + (end - resume.min(end)), lost: seen.lost, sequence }
        };
        let low = sub.resume;
        if sub.overflow == Overflow::Lag {
            ensure!(
                (low..=furthest).contains(&resume),
                "{seen:?}: goes on at {resume} of {low}..={furthest}"
            );
            ensure!(fits(now), "{seen:?}: next {next} held {held} of {now}");
        } else {
            let marks = sub.marks.clone();
            sub.marks.retain(|mark| match mark {
                None => resume == next + held && fits(now),
                Some(mark) => {
                    let most = furthest.min(*mark).max(next + held);
                    (low.min(most)..=most).contains(&resume) && fits(*mark)
                }
            });
            ensure!(
                !sub.marks.is_empty(),
                "{seen:?}: next {next} held {held} of {now}, {low}..={furthest}, {marks:?}"
            );
        }
        sub.resume = sub.resume.max(resume);
        sub.stale = false;
        Ok(())
    }
}
