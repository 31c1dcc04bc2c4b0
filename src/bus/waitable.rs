//! What waiting for several subscriptions asks of each of them.

use super::any::TypedSubscription;
use super::direct::Direct;
use super::sieve::{Now, Outcome};
use super::subscription::{Reader, Subscription};
use crate::error::TryRecvError;
use crate::ring::{Bed, Wait};
use crate::sync::Barrier;

/// What [`wait_any`](crate::wait_any) can wait for: a [`Subscription`] or a [`TypedSubscription`], of whatever bus and payload.
///
/// Nobody else can implement it.
pub trait Waitable: sealed::Sealed {}

impl<P> Waitable for Subscription<P> {}
impl<T> Waitable for TypedSubscription<T> {}

mod sealed {
    pub trait Sealed {
        /// The subscription itself, without its type.
        #[doc(hidden)]
        fn waiter(&mut self) -> super::Waiter<'_>;
    }
}

/// A subscription that is waited for.
#[allow(missing_debug_implementations, reason = "no public face")]
pub struct Waiter<'a>(pub(super) &'a mut dyn Wakes);

impl<P> sealed::Sealed for Subscription<P> {
    fn waiter(&mut self) -> Waiter<'_> {
        Waiter(self)
    }
}

impl<T> sealed::Sealed for TypedSubscription<T> {
    fn waiter(&mut self) -> Waiter<'_> {
        Waiter(&mut self.subscription)
    }
}

/// What a subscription has for its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// An event, a lag or a disconnect.
    Something,
    /// It is closed.
    End,
}

/// The steps of a wait, in this order.
pub(super) trait Wakes {
    /// Reads past what it does not want, and says what there is to read or to report then.
    fn look(&mut self) -> Found;

    /// Would [`look`](Self::look) read anything?
    fn is_ready(&self) -> bool;

    fn way_to_wait(&self) -> Wait;

    /// Registers the current thread. The heavy side of this barrier and [`is_ready`](Self::is_ready) must follow before it
    /// sleeps. None where nothing will ever come.
    fn enlist(&mut self) -> Option<Barrier>;

    /// Has somebody woken this thread for it?
    fn is_called(&self) -> bool;

    /// Takes the registration back.
    fn leave(&mut self);

    /// When it was answered last.
    fn turn(&mut self) -> &mut u64;
}

impl<P> Wakes for Subscription<P> {
    fn look(&mut self) -> Found {
        match &mut self.reader {
            Reader::Direct(direct) => direct.seek(),
            Reader::Queued(queued) => queued.seek(),
            Reader::Merged(merged) => merged.seek(),
        }
    }

    fn is_ready(&self) -> bool {
        match &self.reader {
            Reader::Direct(direct) => direct.is_ready(),
            Reader::Queued(queued) => queued.outflow().is_ready(),
            Reader::Merged(merged) => merged.is_ready(),
        }
    }

    fn way_to_wait(&self) -> Wait {
        match &self.reader {
            Reader::Direct(direct) => direct.way_to_wait(),
            // Whoever fills the queue looks for sleepers, whatever its ring's publishers do.
            Reader::Queued(_) => Wait::Park,
            Reader::Merged(merged) => merged.way_to_wait(),
        }
    }

    fn enlist(&mut self) -> Option<Barrier> {
        match &mut self.reader {
            Reader::Direct(direct) => {
                direct.enlisted = Some(direct.subscriber.enlist());
                Some(direct.subscriber.barrier())
            }
            Reader::Queued(queued) => Some(queued.outflow().enlist(Bed::here())),
            Reader::Merged(merged) => merged.enlist(),
        }
    }

    fn is_called(&self) -> bool {
        match &self.reader {
            Reader::Direct(direct) => direct.enlisted.as_ref().is_some_and(crate::ring::Enlisted::is_called),
            Reader::Queued(queued) => queued.outflow().is_called(),
            Reader::Merged(merged) => merged.is_called(),
        }
    }

    fn leave(&mut self) {
        match &mut self.reader {
            Reader::Direct(direct) => {
                if let Some(enlisted) = direct.enlisted.take() {
                    enlisted.leave(direct.subscriber.is_ready());
                }
            }
            Reader::Queued(queued) => queued.outflow().leave(),
            Reader::Merged(merged) => merged.leave(),
        }
    }

    fn turn(&mut self) -> &mut u64 {
        &mut self.turn
    }
}

impl<P> Direct<P> {
    /// Reads past what it does not want, no further than [`scan`](Self::scan) does.
    fn seek(&mut self) -> Found {
        self.settle();
        self.handled();
        if self.unreported.is_some() {
            return Found::Something;
        }
        if !self.door.enter() {
            return Found::End;
        }
        let found = self.seek_inside();
        self.door.exit();
        found
    }

    fn seek_inside(&mut self) -> Found {
        let mut skipped = 0;
        while skipped < self.horizon {
            let batch = match self.allowed(self.run_length(1)).and_then(|most| self.subscriber.batch(most)) {
                Ok(batch) => batch,
                Err(TryRecvError::Empty) => return Found::Nothing,
                Err(TryRecvError::Closed) => return Found::End,
                Err(error) => {
                    self.seated.failed(&error);
                    self.unreported = Some(error);
                    return Found::Something;
                }
            };
            let account = self.seated.account();
            let mut now = Now::default();
            for (at, event) in batch.iter().enumerate() {
                let sequence = batch.sequence() + at as u64;
                let outcome = self.sieve.judge(event, &mut now);
                if outcome == Outcome::Delivered {
                    batch.release_first(at);
                    return Found::Something;
                }
                account.add(outcome);
                account.stand_at(sequence + 1);
            }
            skipped += batch.len();
        }
        Found::Nothing
    }
}
