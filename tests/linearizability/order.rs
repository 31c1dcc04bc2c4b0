//! What the ring would be, done naively, and the search for an order in which it would answer as the history says.

use super::{Done, Operation, Refused, SUBSCRIBERS, Setting};
use eventcast::ring::{Overflow, TryRecvError};
use std::collections::HashSet;

/// One moment of an operation.
#[derive(Clone, Debug)]
enum Moment {
    /// Gets the next sequences, which have to begin and end here if they say so.
    Claim {
        values: Vec<u8>,
        first: Option<u64>,
        end: Option<u64>,
    },
    /// Readers may see the latest claim of this operation.
    Release,
    Full {
        wanted: u64,
    },
    RefusedAsClosed,
    CloseIntake,
    TellReaders,
    Read {
        subscriber: usize,
        values: Vec<u8>,
        consume: bool,
    },
    Consume {
        subscriber: usize,
        events: u64,
    },
    Nothing {
        subscriber: usize,
        error: TryRecvError,
    },
}

/// The moments of an operation, in order.
fn moments(done: &Done, setting: &Setting) -> Vec<Moment> {
    match done {
        Done::Publish { values, accepted, range, refused } => {
            let mut moments = Vec::new();
            let all = &values[..*accepted];
            // A batch within the capacity is one claim; a laggard that holds a slot may cut it anywhere (see `steps`).
            let pieces: Vec<&[u8]> =
                if setting.lossy() { all.chunks(1).collect() } else { all.chunks(32).collect() };
            for (index, piece) in pieces.iter().enumerate() {
                moments.push(Moment::Claim {
                    values: piece.to_vec(),
                    first: range.filter(|_| index == 0).map(|range| range.0),
                    end: range.filter(|_| index + 1 == pieces.len()).map(|range| range.1),
                });
                moments.push(Moment::Release);
            }
            match refused {
                Some(Refused::Full) => {
                    moments.push(Moment::Full { wanted: (values.len() - accepted) as u64 })
                }
                Some(Refused::Closed) => moments.push(Moment::RefusedAsClosed),
                None => {}
            }
            moments
        }
        Done::Close => vec![Moment::CloseIntake, Moment::TellReaders],
        // A drain lets publishers see its progress on the way, and looks again.
        Done::Read(subscriber, values) => values
            .iter()
            .map(|value| Moment::Read { subscriber: *subscriber, values: vec![*value], consume: true })
            .collect(),
        Done::Look(subscriber, values) => {
            vec![Moment::Read { subscriber: *subscriber, values: values.clone(), consume: false }]
        }
        Done::Consume(subscriber, events) => {
            vec![Moment::Consume { subscriber: *subscriber, events: *events as u64 }]
        }
        Done::Nothing(subscriber, error) => vec![Moment::Nothing { subscriber: *subscriber, error: *error }],
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Reader {
    next: u64,
    lost: u64,
    gone: bool,
}

/// What the ring would be, done naively.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    events: Vec<u8>,
    released: u64,
    intake_closed: bool,
    readers_told: bool,
    readers: [Reader; SUBSCRIBERS],
    /// Per operation: sequences claimed and not released.
    open: Vec<(u64, u64)>,
}

impl State {
    fn new(operations: usize) -> Self {
        Self {
            events: Vec::new(),
            released: 0,
            intake_closed: false,
            readers_told: false,
            readers: std::array::from_fn(|_| Reader { next: 0, lost: 0, gone: false }),
            open: vec![(0, 0); operations],
        }
    }

    fn claimed(&self) -> u64 {
        self.events.len() as u64
    }

    fn is_released(&self, sequence: u64) -> bool {
        sequence < self.claimed() && self.released >> sequence & 1 == 1
    }

    /// The state after this moment, if its answer can be right now.
    fn after(&self, operation: usize, moment: &Moment, setting: &Setting) -> Option<Self> {
        let mut next = self.clone();
        match moment {
            Moment::Claim { values, first, end } => {
                let (from, to) = (self.claimed(), self.claimed() + values.len() as u64);
                let in_place = first.is_none_or(|first| first == from) && end.is_none_or(|end| end == to);
                if !in_place || self.intake_closed || !self.has_room(to, setting) {
                    return None;
                }
                next.events.extend(values);
                let (first, unreleased_to) = self.open[operation];
                next.open[operation] = if unreleased_to == from { (first, to) } else { (from, to) };
            }
            Moment::Release => {
                let (from, to) = std::mem::take(&mut next.open[operation]);
                (from..to).for_each(|sequence| next.released |= 1 << sequence);
            }
            Moment::Full { wanted } => {
                // Of a batch only a whole piece is refused; of a piece cut by a laggard any rest of it.
                let to = self.claimed() + wanted;
                let unreleased = (0..self.claimed()).find(|sequence| !self.is_released(*sequence));
                let behind_a_publisher = unreleased.is_some_and(|first| to > first + setting.capacity);
                let for_want_of_a_spare = setting.few_spares && setting.lossy();
                if self.intake_closed
                    || self.has_room(to, setting) && !behind_a_publisher && !for_want_of_a_spare
                {
                    return None;
                }
            }
            Moment::RefusedAsClosed => {
                if !self.intake_closed {
                    return None;
                }
            }
            Moment::CloseIntake => next.intake_closed = true,
            Moment::TellReaders => next.readers_told = true,
            Moment::Read { subscriber, values, consume } => {
                let at = self.read(*subscriber, values, setting)?;
                let reader = &mut next.readers[*subscriber];
                reader.lost += at - reader.next;
                reader.next = at + if *consume { values.len() as u64 } else { 0 };
            }
            Moment::Consume { subscriber, events } => next.readers[*subscriber].next += events,
            Moment::Nothing { subscriber, error } => next.nothing(*subscriber, *error, setting)?,
        }
        Some(next)
    }

    /// May everything below `to` be claimed without overtaking a blocking reader?
    fn has_room(&self, to: u64, setting: &Setting) -> bool {
        let blocking =
            self.readers.iter().zip(setting.policies).filter(|(_, policy)| *policy == Overflow::Block);
        blocking.clone().all(|(reader, _)| to <= reader.next + setting.capacity)
    }

    /// Where these values stand, if the reader can read them now.
    fn read(&self, subscriber: usize, values: &[u8], setting: &Setting) -> Option<u64> {
        let reader = &self.readers[subscriber];
        let at = self.events.iter().position(|event| *event == values[0])? as u64;
        let in_order = values.iter().enumerate().all(|(index, value)| {
            self.is_released(at + index as u64) && self.events[at as usize + index] == *value
        });
        // Only one that was a ring behind, and is marked, skips without a report of its own.
        let marked = setting.policies[subscriber] == Overflow::Disconnect
            && at > reader.next
            && self.claimed() > reader.next + setting.capacity
            && at + setting.capacity <= self.claimed();
        (in_order && !reader.gone && (at == reader.next || marked)).then_some(at)
    }

    fn nothing(&mut self, subscriber: usize, error: TryRecvError, setting: &Setting) -> Option<()> {
        let claimed = self.claimed();
        let (closed, told) = (self.intake_closed, self.readers_told);
        let there = self.is_released(self.readers[subscriber].next);
        let policy = setting.policies[subscriber];
        let reader = &mut self.readers[subscriber];
        let fits = match error {
            TryRecvError::Empty => !(reader.gone || there || told && reader.next == claimed),
            TryRecvError::Closed => reader.gone || closed && reader.next == claimed,
            TryRecvError::Lagged(n) => {
                reader.lost += n;
                reader.next += n;
                // Never beyond the newest events.
                policy == Overflow::Lag && n > 0 && reader.next + setting.capacity <= claimed
            }
            TryRecvError::Disconnected(n) => {
                let was_gone = std::mem::replace(&mut reader.gone, true);
                // The mark stands at most one batch beyond what is claimed: whoever marked it is claiming just now.
                let missed = n.checked_sub(reader.lost)?;
                policy == Overflow::Disconnect
                    && !was_gone
                    && reader.next + missed <= claimed + setting.capacity
                    && reader.next + missed >= setting.capacity
            }
            _ => false,
        };
        fits.then_some(())
    }
}

/// Is there an order of all moments, true to real time, in which every answer is right?
pub(super) fn is_linearizable(history: &[Operation], setting: &Setting) -> bool {
    let moments: Vec<Vec<Moment>> =
        history.iter().map(|operation| moments(&operation.done, setting)).collect();
    let mut seen = HashSet::new();
    let mut stack = vec![(vec![0_u8; history.len()], State::new(history.len()))];
    while let Some((progress, state)) = stack.pop() {
        let open = |index: usize| usize::from(progress[index]) < moments[index].len();
        if !(0..history.len()).any(open) {
            return true;
        }
        // Whoever was called after another had answered comes after it.
        let first_answer =
            (0..history.len()).filter(|index| open(*index)).map(|index| history[index].answered).min();
        for index in (0..history.len()).filter(|index| open(*index)) {
            if first_answer.is_some_and(|answer| history[index].called > answer) {
                continue;
            }
            for (next, after) in steps(&state, index, &moments[index], progress[index], setting) {
                let mut progress = progress.clone();
                progress[index] = next;
                if seen.insert((progress.clone(), after.clone())) {
                    stack.push((progress, after));
                }
            }
        }
    }
    false
}

/// What an operation can do next, and which of its moments is then the next: one moment, or, of a batch whose pieces were not
/// cut, several claims at once, with one release behind the last.
fn steps(state: &State, operation: usize, moments: &[Moment], at: u8, setting: &Setting) -> Vec<(u8, State)> {
    let mut steps: Vec<(u8, State)> = Vec::new();
    let claims_on =
        |at: usize| matches!(moments.get(at..at + 2), Some([Moment::Release, Moment::Claim { .. }]));
    let mut at = usize::from(at);
    let mut state = state;
    while let Some(after) = state.after(operation, &moments[at], setting) {
        let is_claim = matches!(moments[at], Moment::Claim { .. });
        steps.push((at as u8 + 1, after));
        if !is_claim || !claims_on(at + 1) {
            break;
        }
        at += 2;
        state = &steps[steps.len() - 1].1;
    }
    steps
}
