//! The asymmetric store/load barrier of the sleep and wake handshakes.
//!
//! A publisher stores an event and then looks for sleepers; a sleeper registers and then looks for an event. One of the
//! two must see the other, which takes a full barrier on both sides. Publishing happens millions of times a second and
//! sleeping does not, so on Linux the sleeper pays for both: `membarrier(2)` makes every running thread of the process
//! pass through a full barrier, and the publisher's side shrinks to a compiler barrier. Where the call is missing, both
//! sides use `fence(SeqCst)`; so they do under loom, shuttle and Miri, which cannot see the call.

use super::Ordering::{self, SeqCst};

/// Which barrier a ring's handshakes use; fixed when the ring is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Barrier {
    /// `fence(SeqCst)` on both sides.
    Fence,
    /// A compiler fence on the frequent side, `membarrier` on the rare one.
    #[cfg(all(target_os = "linux", not(any(eventcast_loom, eventcast_shuttle, miri))))]
    Membarrier,
}

impl Barrier {
    /// The cheapest barrier that this kernel has.
    pub(crate) fn detect() -> Self {
        #[cfg(all(target_os = "linux", not(any(eventcast_loom, eventcast_shuttle, miri))))]
        if linux::register() {
            return Self::Membarrier;
        }
        Self::Fence
    }

    /// The one of both whose heavy side also pairs with the other's light one.
    pub(crate) fn heavier(self, other: Self) -> Self {
        if self == Self::Fence { other } else { self }
    }

    /// The frequent side: after its store, before it looks for somebody to wake.
    #[inline(always)]
    pub(crate) fn light(self) {
        // ORDERING: pairs with `heavy`. Weaker, a publisher could read "nobody sleeps" before its event is visible while
        // the sleeper reads "no event": a lost wake-up.
        match self {
            Self::Fence => fence(SeqCst),
            #[cfg(all(target_os = "linux", not(any(eventcast_loom, eventcast_shuttle, miri))))]
            Self::Membarrier => std::sync::atomic::compiler_fence(SeqCst),
        }
    }

    /// The rare side: after it registered, before it looks once more whether it need sleep at all.
    #[cold]
    pub(crate) fn heavy(self) {
        // ORDERING: pairs with `light`.
        match self {
            Self::Fence => fence(SeqCst),
            #[cfg(all(target_os = "linux", not(any(eventcast_loom, eventcast_shuttle, miri))))]
            Self::Membarrier => linux::barrier(),
        }
    }
}

#[inline(always)]
fn fence(order: Ordering) {
    #[cfg(eventcast_loom)]
    loom::sync::atomic::fence(order);
    #[cfg(eventcast_shuttle)]
    shuttle::sync::atomic::fence(order);
    #[cfg(not(any(eventcast_loom, eventcast_shuttle)))]
    std::sync::atomic::fence(order);
}

/// After a relaxed load that read what a Release wrote: what came before that write is visible from here on. For counts of
/// which std only offers the relaxed load.
pub(crate) fn acquire_fence() {
    fence(Ordering::Acquire);
}

#[cfg(all(target_os = "linux", not(any(eventcast_loom, eventcast_shuttle, miri))))]
#[allow(unsafe_code, reason = "a system call without a wrapper in std")]
mod linux {
    use super::SeqCst;
    use std::sync::OnceLock;

    /// Registers the process for private expedited barriers, once; false where the kernel has none.
    pub(super) fn register() -> bool {
        static REGISTERED: OnceLock<bool> = OnceLock::new();
        *REGISTERED.get_or_init(|| call(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0)
    }

    pub(super) fn barrier() {
        std::sync::atomic::fence(SeqCst);
        let answer = call(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
        // A registered process cannot be refused; going on after a refusal would lose wake-ups in silence.
        assert_eq!(answer, 0, "membarrier(2) refused a registered process");
        std::sync::atomic::fence(SeqCst);
    }

    fn call(command: libc::c_int) -> libc::c_long {
        // SAFETY: membarrier takes a command, flags and a cpu number and touches no memory of the caller.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0 as libc::c_uint, 0 as libc::c_int) }
    }
}
