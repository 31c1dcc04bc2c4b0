//! Cursors: one padded line per subscriber, in append-only blocks that live as long as the ring.

use super::word::{State, Word};
use crate::sync::{AtomicBool, AtomicPtr, AtomicU64, Mutex, Ordering::*};
use crossbeam_utils::CachePadded;
use std::ptr;

/// Cursors per block.
const BLOCK: usize = if cfg!(eventcast_loom) { 2 } else { 8 };

/// How far one subscriber has read, and what it holds.
pub(crate) struct Cursor {
    /// See [`State`]. Pin and unpin are Release; publishers load Acquire and move by AcqRel.
    pub(crate) word: AtomicU64,
    /// First sequence of the held run, written by the reader before it pins. Needed in state Moved only, where the word
    /// no longer says it.
    pub(crate) held: AtomicU64,
    /// Some publisher sleeps until this cursor moves. In the reader's own line: it looks here after each release.
    pub(crate) awaited: AtomicBool,
    /// Number of the subscriber that has the cursor, for error messages.
    pub(crate) owner: AtomicU64,
    /// Of a Disconnect reader: where it ends if it is marked, as far as it knows itself; of others the largest number. For
    /// those who ask where it stands: no protocol reads it.
    pub(crate) ends: AtomicU64,
    /// Of a Disconnect reader that has consumed a part of its run: where the run ends, which `held` and the run's length then
    /// say too large. For the same askers.
    pub(crate) held_to: AtomicU64,
    /// Which of the ring's cursors it is, from the first on.
    place: usize,
}

impl Cursor {
    fn new(place: usize) -> Self {
        Self {
            word: AtomicU64::new(Word::FREE.0),
            held: AtomicU64::new(0),
            awaited: AtomicBool::new(false),
            owner: AtomicU64::new(0),
            ends: AtomicU64::new(u64::MAX),
            held_to: AtomicU64::new(0),
            place,
        }
    }

    /// The word as publishers see it.
    #[inline]
    pub(crate) fn load(&self) -> Word {
        // ORDERING: Acquire pairs with the reader's Release of pin, unpin and advance: what the reader did before (its reads
        // of values and of the map) happens before what the publisher does after it saw them. Weaker, a publisher would
        // overwrite a value that is still being read.
        Word(self.word.load(Acquire))
    }

    /// The held run `[start, end)` as the word `seen` has it, or `None` when the cursor changed meanwhile.
    pub(crate) fn held_run(&self, seen: Word) -> Option<(u64, u64)> {
        let start = match seen.state() {
            State::Pinned | State::WatchedPinned => seen.sequence(),
            State::Moved => {
                // ORDERING: Acquire pairs with the Release store before each pin: who reads the start of a newer run has the unpin
                // of the older one behind it, so the second look at the word cannot miss that.
                let start = self.held.load(Acquire);
                if self.load() != seen {
                    return None;
                }
                start
            }
            _ => return Some((0, 0)),
        };
        Some((start, start + seen.run()))
    }

    /// Moves the cursor from `seen` to `next`; false when it changed meanwhile.
    pub(crate) fn advance(&self, seen: Word, next: Word) -> bool {
        // ORDERING: AcqRel. Release pairs with the reader's Acquire load of its own word, Acquire with its unpin.
        self.word.compare_exchange(seen.0, next.0, AcqRel, Relaxed).is_ok()
    }
}

struct Block {
    cursors: [CachePadded<Cursor>; BLOCK],
    next: AtomicPtr<Block>,
}

impl Block {
    /// A block whose first cursor is the `first` of the ring.
    fn boxed(first: usize) -> *mut Block {
        let cursors = std::array::from_fn(|at| CachePadded::new(Cursor::new(first + at)));
        Box::into_raw(Box::new(Block { cursors, next: AtomicPtr::new(ptr::null_mut()) }))
    }
}

/// The append-only list of cursor blocks.
pub(crate) struct Cursors {
    first: *mut Block,
    /// Held while somebody joins, and while a leaver gives its place back.
    joining: Mutex<Joining>,
}

/// What joiners need to know.
struct Joining {
    /// Number of the next subscriber.
    number: u64,
    /// The blocks of the list, in its order.
    blocks: Vec<*mut Block>,
    /// Places of free cursors. Has room for all there are: leaving allocates nothing.
    free: Vec<usize>,
}

impl Joining {
    /// Takes in a block whose cursors are all free.
    fn add(&mut self, block: *mut Block) {
        let first = self.blocks.len() * BLOCK;
        self.blocks.push(block);
        self.free.reserve(first + BLOCK - self.free.len());
        self.free.extend((first..first + BLOCK).rev());
    }
}

impl Cursors {
    pub(crate) fn new() -> Self {
        let first = Block::boxed(0);
        let mut joining = Joining { number: 0, blocks: Vec::new(), free: Vec::new() };
        joining.add(first);
        Self { first, joining: Mutex::new(joining) }
    }

    /// Every cursor, free ones included.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Cursor> {
        self.blocks().flat_map(|block| block.cursors.iter().map(|cursor| &**cursor))
    }

    fn blocks(&self) -> impl Iterator<Item = &Block> {
        let mut at = self.first;
        std::iter::from_fn(move || {
            let block = self.block(at)?;
            // ORDERING: Acquire pairs with the Release store of `occupy`, so that the block's fields are initialised here.
            at = block.next.load(Acquire);
            Some(block)
        })
    }

    /// The block that a pointer of this list leads to, if it leads to one.
    #[inline]
    fn block(&self, at: *mut Block) -> Option<&Block> {
        // SAFETY: `at` is null or a block that this list made and frees only in its own drop, which takes `&mut self`.
        unsafe { at.as_ref() }
    }

    /// Takes a free cursor, registers it with `word`, and answers it with the number of its subscriber: the one that is given,
    /// which nobody has had, or the next.
    ///
    /// The registration is not complete: the joiner still has to look at `tail` once more (`Core::join`).
    pub(crate) fn occupy(&self, word: Word, given: Option<u64>) -> (&Cursor, u64) {
        let mut joining = self.joining.lock();
        let number = given.unwrap_or(joining.number);
        joining.number = joining.number.max(number + 1);
        if joining.free.is_empty() {
            let block = Block::boxed(joining.blocks.len() * BLOCK);
            let last =
                joining.blocks.last().and_then(|last| self.block(*last)).expect("there is a first block");
            // ORDERING: Release pairs with the Acquire of `blocks`.
            last.next.store(block, Release);
            joining.add(block);
        }
        let place = joining.free.pop().expect("a new block has free cursors");
        let block = self.block(joining.blocks[place / BLOCK]).expect("blocks are never removed");
        let cursor = &*block.cursors[place % BLOCK];
        // ORDERING: Release pairs with the Acquire of `Cursor::standing`.
        cursor.owner.store(number, Release);
        // ORDERING: AcqRel. Acquire pairs with the Release of the leaver; Release publishes `owner` and `held`.
        let before = cursor.word.swap(word.0, AcqRel);
        debug_assert_eq!(before, Word::FREE.0, "only joiners take free cursors");
        (cursor, number)
    }

    /// Gives the place of a cursor back whose word is free.
    pub(crate) fn vacate(&self, cursor: &Cursor) {
        self.joining.lock().free.push(cursor.place);
    }

    /// Bytes of the blocks so far, and of what is known of their places.
    pub(crate) fn memory(&self) -> usize {
        self.blocks().count() * (size_of::<Block>() + size_of::<*mut Block>() + BLOCK * size_of::<usize>())
    }
}

impl Drop for Cursors {
    fn drop(&mut self) {
        let mut at = self.first;
        while !at.is_null() {
            // SAFETY: every block came from `Box::into_raw`, is in the list once, and nobody can look at it any more.
            let block = unsafe { Box::from_raw(at) };
            at = block.next.load(Relaxed);
        }
    }
}

// SAFETY: the raw pointer is the list's own; all it leads to is atomic and only ever grows.
unsafe impl Send for Cursors {}
// SAFETY: as above; `occupy` appends under a lock, which the list of blocks is in.
unsafe impl Sync for Cursors {}
