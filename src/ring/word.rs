//! The packed words of the protocol: what one compare-exchange can change at once.

/// Set in `tail` by close; the sequence stands above it.
pub(crate) const CLOSED: u64 = 1;

/// First sequence that is never claimed: a ring that gets here closes itself. The packed cursor has 53 bits, and a
/// little below their end leaves room for `sequence + slots` without a wrap.
pub(crate) const END_OF_SEQUENCES: u64 = (1 << 53) - (1 << 32);

/// Longest run one pin can hold: eight bits.
pub(crate) const MAX_RUN: u64 = 255;

const STATE_BITS: u32 = 3;
const RUN_BITS: u32 = 8;

/// What a cursor is doing.
///
/// | state | sequence is | written by |
/// | --- | --- | --- |
/// | Free | nothing | the leaver (from any state) |
/// | Block | the next to read | its reader |
/// | Idle | the next to read | its reader (unpin), publishers (move forward) |
/// | Pinned | the first of the held run | its reader |
/// | Moved | where it goes on; still holds `[held, held + run)` | publishers (from Pinned, and forward) |
/// | WatchedIdle, WatchedPinned | as Idle, Pinned | a `Disconnect` reader that no publisher has marked; the mark makes it Idle, Pinned |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    Free = 0,
    Block = 1,
    Idle = 2,
    Pinned = 3,
    Moved = 4,
    WatchedIdle = 5,
    WatchedPinned = 6,
}

/// sequence (53 bits) | run (8) | state (3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) u64);

impl Word {
    pub(crate) const FREE: Self = Self(0);

    #[inline(always)]
    pub(crate) fn new(sequence: u64, run: u64, state: State) -> Self {
        debug_assert!(sequence < 1 << 53 && run <= MAX_RUN);
        Self(sequence << (RUN_BITS + STATE_BITS) | run << STATE_BITS | state as u64)
    }

    #[inline(always)]
    pub(crate) fn sequence(self) -> u64 {
        self.0 >> (RUN_BITS + STATE_BITS)
    }

    #[inline(always)]
    pub(crate) fn run(self) -> u64 {
        self.0 >> STATE_BITS & MAX_RUN
    }

    #[inline(always)]
    pub(crate) fn state(self) -> State {
        match self.0 & 7 {
            0 => State::Free,
            1 => State::Block,
            2 => State::Idle,
            3 => State::Pinned,
            4 => State::Moved,
            5 => State::WatchedIdle,
            _ => State::WatchedPinned,
        }
    }

    /// The same place in another state.
    pub(crate) fn with_state(self, state: State) -> Self {
        Self(self.0 & !7 | state as u64)
    }
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}({}+{})", self.state(), self.sequence(), self.run())
    }
}

/// What a spare slot is kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpareWord {
    /// Never used yet.
    None,
    /// For whoever claims this sequence; free again once it is released.
    Reserved(u64),
    /// Holds the value of this displaced sequence; free once no cursor holds it.
    Limbo(u64),
}

impl SpareWord {
    pub(crate) fn pack(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Reserved(sequence) => sequence << 2 | 1,
            Self::Limbo(sequence) => sequence << 2 | 2,
        }
    }

    pub(crate) fn unpack(word: u64) -> Self {
        match word & 3 {
            0 => Self::None,
            1 => Self::Reserved(word >> 2),
            _ => Self::Limbo(word >> 2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_words_keep_what_they_pack() {
        let states = [
            State::Free,
            State::Block,
            State::Idle,
            State::Pinned,
            State::Moved,
            State::WatchedIdle,
            State::WatchedPinned,
        ];
        for sequence in [0, 1, 1 << 32, END_OF_SEQUENCES, (1 << 53) - 1] {
            for run in [0, 1, 254, MAX_RUN] {
                for state in states {
                    let word = Word::new(sequence, run, state);
                    assert_eq!((word.sequence(), word.run(), word.state()), (sequence, run, state));
                    assert_eq!(word.with_state(State::Idle), Word::new(sequence, run, State::Idle));
                }
            }
        }
    }

    #[test]
    fn spare_words_keep_what_they_pack() {
        for sequence in [0, 1, END_OF_SEQUENCES] {
            for word in [SpareWord::None, SpareWord::Reserved(sequence), SpareWord::Limbo(sequence)] {
                assert_eq!(SpareWord::unpack(word.pack()), word);
            }
        }
    }
}
