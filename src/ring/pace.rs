//! How long a reader that has caught up waits before it looks again.
//!
//! A reader that polls as fast as it can takes the line away that the publisher writes next: the two bounce it in lock step,
//! and everybody is several times slower than when the reader lets a few events gather. So it pauses before a look at the
//! shared words, a little longer each time the looks find few events in quick succession, and not at all when they find
//! nothing for a while (events are rare: latency counts) or when pausing does not make them find more (somebody publishes one
//! by one).
//!
//! Even while events are rare, a thread that polls nothing but one subscriber pauses a little: the publisher's store waits
//! for the line otherwise, and the reader sees the event later, not earlier.

use crate::sync::{max_pauses, spin_hint};
use std::cell::Cell;

/// Looks that found nothing in a row, after which events count as rare.
const RARE: u32 = 4;
/// A look that finds so many events has waited long enough; on a small ring an eighth of it.
const ENOUGH: u64 = 64;
/// Pauses between two looks while events are rare, of a thread that looks nowhere else.
const IDLE_PAUSES: u32 = 16;
/// After pausing in vain, so many looks go without.
const COOL_DOWN: u32 = 1024;

/// After so many looks at others, a pace that has not come again leads its thread's round no more.
const ROUND: u32 = 64;

thread_local! {
    /// Address of the pace of this thread's latest look that came while events were rare.
    static LATEST: Cell<usize> = const { Cell::new(0) };
    /// Address of the pace that pauses for all that this thread looks at in turn, and how many looks at others came since it did.
    static LEADER: Cell<(usize, u32)> = const { Cell::new((0, 0)) };
}

#[derive(Debug)]
pub(super) struct Pace {
    enough: u64,
    pauses: u32,
    misses: u32,
    cool_down: u32,
    /// Somebody else sees to it that looks are apart.
    off: bool,
}

impl Pace {
    pub(super) fn new(capacity: u64) -> Self {
        Self { enough: ENOUGH.min(capacity / 8), pauses: 0, misses: 0, cool_down: 0, off: false }
    }

    /// For a subscriber that is looked at in turn with others, or right after a publish.
    pub(super) fn set_off(&mut self, off: bool) {
        self.off = off;
        if off {
            self.pauses = 0;
        }
    }

    /// Before a look at the words that publishers write.
    #[inline(always)]
    pub(super) fn wait(&self) {
        let pauses = match self.pauses {
            _ if self.misses > RARE => self.idle_pauses(),
            0 => 0,
            pauses if self.leads() => pauses,
            _ => 0,
        };
        for _ in 0..pauses {
            spin_hint();
        }
    }

    /// Is it this one's turn to pause? For a thread that looks at several subscribers in turn one pause a round is enough: what
    /// gathers meanwhile gathers for all of them.
    #[inline]
    fn leads(&self) -> bool {
        let me = std::ptr::from_ref(self).addr();
        let (leader, others) = LEADER.get();
        let leads = leader == me || others >= ROUND;
        LEADER.set(if leads { (me, 0) } else { (leader, others + 1) });
        leads
    }

    /// None for a thread that looks at several subscribers in turn: its looks are apart already.
    fn idle_pauses(&self) -> u32 {
        let me = std::ptr::from_ref(self).addr();
        if !self.off && LATEST.replace(me) == me { IDLE_PAUSES.min(max_pauses()) } else { 0 }
    }

    /// The look found so many new events.
    #[inline(always)]
    pub(super) fn found(&mut self, events: u64) {
        if self.cool_down > 0 {
            self.cool_down -= 1;
        } else if events > 4 * self.enough {
            self.pauses /= 2;
        } else if events < self.enough {
            self.few(events);
        }
        self.misses = 0;
    }

    fn few(&mut self, events: u64) {
        if self.misses > RARE || self.off {
            self.pauses = 0;
        } else if self.pauses >= 4 && events < 2 {
            self.pauses = 0;
            self.cool_down = COOL_DOWN;
        } else {
            self.pauses = (2 * self.pauses + 1).min(max_pauses());
        }
    }

    /// The look found nothing.
    #[inline(always)]
    pub(super) fn missed(&mut self) {
        self.misses = self.misses.saturating_add(1);
        if self.misses > RARE {
            self.pauses = 0;
        }
    }
}
