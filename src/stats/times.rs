//! How long sampled events take: to be published, and to reach a subscription.
//!
//! Every n-th sequence is sampled, n a power of two: the question is one mask, and readers ask it once per run. A publisher
//! takes the event to get the sequence that it expects, as the event itself does, and notes when it began in a table; what
//! another publisher took from it was begun at about the same time. A note is one word, so no reader sees half of one.

use super::histogram::{Histogram, Recorder};
use crate::ring::Sequence;
use crate::sync::{AtomicU64, Ordering::Relaxed, Stopwatch};

/// Bits of a note that say when; the rest says which lap of the table.
const WHEN_BITS: u32 = 48;
const WHEN: u64 = (1 << WHEN_BITS) - 1;
const LAPS: u64 = (1 << (64 - WHEN_BITS)) - 1;

/// Most notes of one bus. A reader that is further behind in samples finds its note overwritten, and times nothing.
const MOST_NOTES: usize = 4096;

/// Which events are sampled: those whose sequence has none of these bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampling {
    mask: u64,
}

impl Sampling {
    /// Every `n`-th, rounded up to a power of two; none for 0.
    pub(crate) fn every(n: u32) -> Self {
        // With all bits only sequence 0 passes, for which `Times` finds nothing to do.
        Self { mask: if n == 0 { u64::MAX } else { u64::from(n).next_power_of_two() - 1 } }
    }

    #[inline(always)]
    pub(crate) fn hits(self, sequence: Sequence) -> bool {
        sequence & self.mask == 0
    }

    /// How many sequences before the next that is hit, `from` included: 0 when `from` is.
    #[inline(always)]
    pub(crate) fn next_hit(self, from: Sequence) -> u64 {
        from.wrapping_neg() & self.mask
    }

    fn is_off(self) -> bool {
        self.mask == u64::MAX
    }

    /// One event in so many; 0 for none.
    pub(crate) fn interval(self) -> u64 {
        self.mask.wrapping_add(1)
    }
}

/// The times of one bus.
#[derive(Debug)]
pub(crate) struct Times {
    pub(crate) sampling: Sampling,
    watch: Stopwatch,
    notes: Box<[AtomicU64]>,
    publish: Recorder,
    delivery: Recorder,
}

impl Times {
    /// Of a bus that keeps `capacity` events, in at most four times as many slots.
    pub(crate) fn new(sampling: Sampling, capacity: usize) -> Self {
        let kept = (4 * capacity as u64).checked_div(sampling.interval()).unwrap_or(0) as usize + 2;
        let notes = if sampling.is_off() { 0 } else { kept.next_power_of_two().min(MOST_NOTES) };
        Self {
            sampling,
            watch: Stopwatch::start(),
            notes: (0..notes).map(|_| AtomicU64::new(0)).collect(),
            publish: Recorder::new(),
            delivery: Recorder::new(),
        }
    }

    /// The note of a sampled sequence, and the lap that stands in it.
    fn note(&self, sequence: Sequence) -> Option<(&AtomicU64, u64)> {
        let sample = sequence.checked_div(self.sampling.interval())?;
        let notes = self.notes.len() as u64;
        // A note that nobody has written says lap 0.
        Some((&self.notes[(sample % notes) as usize], (sample / notes) % LAPS + 1))
    }

    /// The publish of a sampled event begins: when, in nanoseconds of this bus.
    #[cold]
    pub(crate) fn begin(&self, expected: Sequence) -> Option<u64> {
        let (note, lap) = self.note(expected)?;
        let now = self.watch.nanos();
        // ORDERING: Relaxed: the note is written before the event is released, and read behind that; it stands for itself.
        note.store(lap << WHEN_BITS | now & WHEN, Relaxed);
        Some(now)
    }

    /// The event was refused: whoever gets its sequence begins anew.
    #[cold]
    pub(crate) fn withdraw(&self, expected: Sequence) {
        if let Some((note, _)) = self.note(expected) {
            note.store(0, Relaxed);
        }
    }

    /// The publish that began at `start` is over.
    #[cold]
    pub(crate) fn published(&self, start: u64) {
        self.publish.record(self.watch.nanos() - start);
    }

    /// A subscription has got the event of a sampled sequence: when, in nanoseconds of this bus.
    #[cold]
    pub(crate) fn delivered(&self, sequence: Sequence) -> Option<u64> {
        let (note, lap) = self.note(sequence)?;
        let now = self.watch.nanos();
        let word = note.load(Relaxed);
        if word >> WHEN_BITS == lap {
            self.delivery.record(now.wrapping_sub(word) & WHEN);
        }
        Some(now)
    }

    /// How long ago this was.
    pub(crate) fn since(&self, start: u64) -> u64 {
        self.watch.nanos() - start
    }

    pub(crate) fn publish_time(&self) -> Histogram {
        self.publish.get()
    }

    pub(crate) fn delivery_time(&self) -> Histogram {
        self.delivery.get()
    }
}
