//! Leaving at somebody else's word.
//!
//! A subscriber with a door goes in before it reads and comes out afterwards, and says so in a word of its own. Whoever tells
//! it to leave says that in another word, and then looks. If the reader is outside, its cursor is set free at once, and the reader
//! finds at its next step that it may not go in. If it is inside, it may be reading in place, and publishers go on waiting for it:
//! it leaves when it comes out. One of the two sees the other's word: the reader's side is the frequent one of the barrier, as
//! in the other handshakes.

use super::SubscriberId;
use super::core::Core;
use super::subscriber::Subscriber;
use super::values::Ring;
use crate::sync::{Arc, AtomicBool, Ordering::*};

/// The words of one door.
pub(crate) struct Latch {
    /// Written by the reader.
    inside: AtomicBool,
    told: AtomicBool,
    /// Whoever turns it over sets the cursor free.
    left: AtomicBool,
}

impl Latch {
    /// True for the first who asks: it sets the cursor free.
    pub(super) fn leaves_first(&self) -> bool {
        // ORDERING: AcqRel: what the other had read comes before.
        !self.left.swap(true, AcqRel)
    }

    pub(super) fn is_told(&self) -> bool {
        self.told.load(Acquire)
    }
}

/// The way in and out of one subscriber, for its reader and for those who tell it to leave.
pub(crate) struct Door<T> {
    ring: Arc<Ring<T>>,
    id: SubscriberId,
    latch: Arc<Latch>,
}

impl<T> Clone for Door<T> {
    fn clone(&self) -> Self {
        Self { ring: self.ring.clone(), id: self.id, latch: self.latch.clone() }
    }
}

impl<T> Subscriber<T> {
    /// From now on it may be told to leave, and has to read between [`enter`](Door::enter) and [`exit`](Door::exit) only.
    pub(crate) fn door(&mut self) -> Door<T> {
        let latch = Arc::new(Latch {
            inside: AtomicBool::new(false),
            told: AtomicBool::new(false),
            left: AtomicBool::new(false),
        });
        self.latch = Some(latch.clone());
        Door { ring: self.ring.clone(), id: self.id(), latch }
    }
}

impl<T> Door<T> {
    fn core(&self) -> &Core {
        &self.ring.core
    }

    /// Before the reader looks at anything: false if it has been told to leave.
    #[inline(always)]
    pub(crate) fn enter(&self) -> bool {
        self.latch.inside.store(true, Relaxed);
        // Pairs with the heavy barrier of `tell`: the teller sees this reader inside, or this reader sees the word.
        self.core().barrier.light();
        if self.latch.told.load(Relaxed) {
            self.come_out();
            return false;
        }
        true
    }

    /// After the reader's last look; it holds nothing in place any more.
    #[inline(always)]
    pub(crate) fn exit(&self) {
        // ORDERING: Release pairs with the Acquire in `tell`: what the reader has read comes before its cursor is free.
        self.latch.inside.store(false, Release);
        self.core().barrier.light();
        if self.latch.told.load(Relaxed) {
            self.come_out();
        }
    }

    #[cold]
    fn come_out(&self) {
        self.latch.inside.store(false, Release);
        self.set_free();
    }

    /// Tells the subscriber to leave; false if it has been told before. It hands out nothing more once its reader comes back, and
    /// one that waits is woken.
    pub(crate) fn tell(&self) -> bool {
        // ORDERING: AcqRel, and the heavy barrier pairs with the light ones of `enter` and `exit`.
        if self.latch.told.swap(true, AcqRel) {
            return false;
        }
        self.core().barrier.heavy();
        // ORDERING: Acquire; see `exit`.
        if !self.latch.inside.load(Acquire) {
            self.set_free();
        }
        self.core().sleepers.wake_all();
        // It may be waiting for another one to let go.
        self.core().gate.wake_all(&self.core().cursors);
        true
    }

    /// Has the subscriber been told to leave?
    pub(crate) fn is_told(&self) -> bool {
        self.latch.is_told()
    }

    fn set_free(&self) {
        if self.latch.leaves_first() {
            let core = self.core();
            let mine = core.cursors.iter().find(|cursor| cursor.owner.load(Relaxed) == self.id.0);
            core.subscribers.fetch_sub(1, Relaxed);
            core.leave(mine.expect("a subscriber that has not left has a cursor"));
        }
    }
}

/// What the models of the door reach.
#[cfg(eventcast_loom)]
#[allow(missing_docs, missing_debug_implementations, reason = "no public face")]
pub mod model {
    use super::Subscriber;

    pub struct Door<T>(super::Door<T>);

    pub fn door<T>(subscriber: &mut Subscriber<T>) -> Door<T> {
        Door(subscriber.door())
    }

    impl<T> Door<T> {
        pub fn enter(&self) -> bool {
            self.0.enter()
        }

        pub fn exit(&self) {
            self.0.exit();
        }

        pub fn tell(&self) -> bool {
            self.0.tell()
        }
    }

    impl<T> Clone for Door<T> {
        fn clone(&self) -> Self {
            Self(self.0.clone())
        }
    }
}
