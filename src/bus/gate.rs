//! What a bus asks of an event before it takes it.

use crate::contain::contain;
use crate::event::Event;

/// A question about an event.
pub(super) type Filter<P> = Box<dyn Fn(&Event<P>) -> bool + Send + Sync>;

/// A payload's size; `None` when it cannot be found.
pub(super) type Size<P> = Box<dyn Fn(&P) -> Option<usize> + Send + Sync>;

/// The questions of one bus. Asked on the publisher's thread, before anything is claimed.
pub(super) struct Gate<P> {
    pub(super) filter: Option<Filter<P>>,
    pub(super) limit: Option<(usize, Size<P>)>,
}

pub(super) enum Verdict {
    Passes,
    TooLarge,
    Filtered { panicked: bool },
}

impl<P> Gate<P> {
    pub(super) fn check(&self, event: &Event<P>) -> Verdict {
        if let Some((limit, size)) = &self.limit {
            // A size whose search panics cannot be found.
            let size = contain(|| size(event.payload())).flatten();
            if size.is_none_or(|size| size > *limit) {
                return Verdict::TooLarge;
            }
        }
        match self.filter.as_ref().map(|filter| contain(|| filter(event))) {
            None | Some(Some(true)) => Verdict::Passes,
            Some(answer) => Verdict::Filtered { panicked: answer.is_none() },
        }
    }
}
