//! What every consumer verifies while it reads.

use crate::event::{Load, checksum_of, digest_of};

/// At most this many publishers take part in a row.
pub(crate) const MAX_PUBLISHERS: usize = 2;

/// Every event whose number is a multiple of this is compared byte for byte, the others by number and digest.
const FULL_CHECK: u64 = 64;

/// One subscriber's account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check {
    /// The number that each publisher's next event must have.
    pub(crate) next: [u64; MAX_PUBLISHERS],
    sum: u64,
    got: u64,
    /// Losses as the library reported them.
    pub(crate) lost: u64,
    /// Losses as the gaps in the numbers show them.
    gaps: u64,
    /// Events whose bytes were not those published.
    pub(crate) torn: u64,
    lossy: bool,
}

impl Check {
    /// An empty account; without `lossy`, any loss is a panic.
    pub(crate) fn new(lossy: bool) -> Self {
        Self { next: [0; MAX_PUBLISHERS], sum: 0, got: 0, lost: 0, gaps: 0, torn: 0, lossy }
    }

    /// Takes one event into the account.
    #[inline]
    pub(crate) fn take<E: Load>(&mut self, event: &E) {
        self.take_of::<MAX_PUBLISHERS, E>(event);
    }

    /// As `take`, in a row with `N` publishers. With one of them and a `Check` that is a local variable, all of it stays in
    /// registers: the work of the row is then mostly the library's, not the check's.
    #[inline(always)]
    pub(crate) fn take_of<const N: usize, E: Load>(&mut self, event: &E) {
        let publisher = event.publisher() as usize & (N - 1);
        let number = event.number();
        if number != self.next[publisher] {
            let (gaps, torn) = gap(publisher, number, self.next[publisher], self.lossy);
            self.gaps += gaps;
            self.torn += torn;
        }
        self.next[publisher] = number + 1;
        self.sum = self.sum.wrapping_add(event.digest());
        if self.lossy {
            self.torn += u64::from(event.digest() != digest_of(event.publisher(), number));
        } else if number.is_multiple_of(FULL_CHECK) && !event.intact() {
            damaged(publisher, number);
        }
    }

    /// Counts `got` events read and `lost` events reported as lost.
    #[inline]
    pub(crate) fn count(&mut self, got: usize, lost: u64) {
        self.got += got as u64;
        if lost > 0 {
            assert!(self.lossy, "a lossless row lost {lost} events");
            self.lost += lost;
        }
    }

    /// Whether all of `total` events are accounted for.
    #[inline]
    pub(crate) fn complete(&self, total: u64) -> bool {
        self.got + self.lost >= total
    }

    /// Compares the whole account with what each publisher published.
    ///
    /// # Panics
    ///
    /// When a lossless account is not exact.
    pub(crate) fn finish(&self, totals: &[u64]) {
        if self.lossy {
            return;
        }
        let total: u64 = totals.iter().sum();
        assert_eq!(self.got, total, "events received and published differ");
        let mut sum = 0u64;
        for (publisher, total) in totals.iter().enumerate() {
            sum = sum.wrapping_add(checksum_of(publisher as u64, *total));
        }
        assert_eq!(self.sum, sum, "the checksum of {total} events is wrong");
    }

    /// Whether the library's count of losses equals the gaps seen.
    pub(crate) fn honest(&self) -> bool {
        self.lost == self.gaps
    }
}

// By value, both of these: a number that is formatted in the loop itself would be stored for every event.

#[cold]
#[inline(never)]
fn damaged(publisher: usize, number: u64) -> ! {
    panic!("event {number} of publisher {publisher} was damaged on its way");
}

/// What a jump from `expected` to `number` means: events missed, and events damaged.
#[cold]
#[inline(never)]
fn gap(publisher: usize, number: u64, expected: u64, lossy: bool) -> (u64, u64) {
    assert!(lossy, "publisher {publisher}: event {number} came where {expected} was due");
    // Going back is damage, not loss.
    if number > expected { (number - expected, 0) } else { (0, 1) }
}

#[cfg(test)]
mod tests {
    use super::Check;
    use crate::event::{Event, Load};

    /// An account of `numbers` from publisher 0.
    fn account(lossy: bool, numbers: &[u64]) -> Check {
        let mut check = Check::new(lossy);
        for number in numbers {
            check.take(&Event::make(0, *number));
            check.count(1, 0);
        }
        check
    }

    #[test]
    fn a_whole_account_is_exact() {
        let check = account(false, &[0, 1, 2, 3]);
        assert!(check.complete(4) && !check.complete(5));
        check.finish(&[4]);
    }

    #[test]
    #[should_panic(expected = "came where")]
    fn a_gap_is_a_panic() {
        account(false, &[0, 2]);
    }

    #[test]
    #[should_panic(expected = "differ")]
    fn a_missing_end_is_a_panic() {
        account(false, &[0, 1]).finish(&[3]);
    }

    #[test]
    #[should_panic(expected = "checksum")]
    fn a_foreign_event_is_a_panic() {
        let mut check = account(false, &[0, 1]);
        check.take(&Event::make(1, 0));
        check.count(1, 0);
        check.finish(&[3]);
    }

    #[test]
    fn a_lossy_account_holds_reports_against_gaps() {
        let mut check = account(true, &[0, 5]);
        assert!(!check.honest());
        check.count(0, 4);
        assert!(check.honest() && check.complete(6));
    }
}
