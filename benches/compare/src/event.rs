//! What is raced: one event of 64 bytes, and two payloads that are not `Copy`.

use std::sync::Arc;

/// Odd, so that a digest of one event is never that of another.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Distinguishes the publishers in a digest.
const PUBLISHER_MIX: u64 = 0xD1B5_4A32_D192_ED03;

/// An event that carries who published it, its number, and a digest to check it by.
pub(crate) trait Load: Clone + Send + Sync + 'static {
    /// The event that `publisher` publishes as its `number`-th.
    fn make(publisher: u64, number: u64) -> Self;
    /// Who published it.
    fn publisher(&self) -> u64;
    /// Its number among that publisher's events, from 0 and without gaps.
    fn number(&self) -> u64;
    /// The word that goes into the checksum, as it was carried.
    fn digest(&self) -> u64;
    /// Whether every byte is what `make` wrote.
    fn intact(&self) -> bool;
}

/// The digest that `make` writes.
#[inline]
pub(crate) fn digest_of(publisher: u64, number: u64) -> u64 {
    number.wrapping_mul(MIX).wrapping_add(publisher.wrapping_mul(PUBLISHER_MIX))
}

/// The checksum of a publisher's first `count` events.
pub(crate) fn checksum_of(publisher: u64, count: u64) -> u64 {
    // 0 + 1 + .. + (count - 1), halved before the product can wrap.
    let (a, b) =
        if count.is_multiple_of(2) { (count / 2, count.wrapping_sub(1)) } else { (count, count / 2) };
    a.wrapping_mul(b)
        .wrapping_mul(MIX)
        .wrapping_add(count.wrapping_mul(publisher.wrapping_mul(PUBLISHER_MIX)))
}

/// The event of most rows: 64 bytes, `Copy`, aligned as eight words are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    number: u64,
    publisher: u64,
    /// When it was published, in nanoseconds of the run's clock; only latency rows fill it.
    pub(crate) stamp: u64,
    body: [u64; 4],
    digest: u64,
}

const _: () = assert!(size_of::<Event>() == 64);

impl Event {
    /// `make`, with the time of publishing.
    #[inline]
    pub(crate) fn stamped(number: u64, stamp: u64) -> Self {
        Self { stamp, ..Self::make(0, number) }
    }
}

impl Load for Event {
    #[inline]
    fn make(publisher: u64, number: u64) -> Self {
        let body = [number, number ^ 1, number ^ 2, number ^ 3];
        Self { number, publisher, stamp: 0, body, digest: digest_of(publisher, number) }
    }

    #[inline]
    fn publisher(&self) -> u64 {
        self.publisher
    }

    #[inline]
    fn number(&self) -> u64 {
        self.number
    }

    #[inline]
    fn digest(&self) -> u64 {
        self.digest
    }

    fn intact(&self) -> bool {
        let n = self.number;
        self.body == [n, n ^ 1, n ^ 2, n ^ 3] && self.digest == digest_of(self.publisher, n)
    }
}

/// The word at `at` of 64 bytes.
#[inline]
fn word(bytes: &[u8; 64], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

impl Load for Arc<[u8; 64]> {
    #[inline]
    fn make(publisher: u64, number: u64) -> Self {
        let mut bytes = [0xA5; 64];
        bytes[0..8].copy_from_slice(&number.to_le_bytes());
        bytes[8..16].copy_from_slice(&publisher.to_le_bytes());
        bytes[56..64].copy_from_slice(&digest_of(publisher, number).to_le_bytes());
        Arc::new(bytes)
    }

    #[inline]
    fn publisher(&self) -> u64 {
        word(self, 8)
    }

    #[inline]
    fn number(&self) -> u64 {
        word(self, 0)
    }

    #[inline]
    fn digest(&self) -> u64 {
        word(self, 56)
    }

    fn intact(&self) -> bool {
        self[16..56].iter().all(|byte| *byte == 0xA5)
            && self.digest() == digest_of(self.publisher(), self.number())
    }
}

/// Eight bytes as sixteen letters from `a` to `p`, so that a `String` can carry a word cheaply.
#[inline]
fn letters(word: u64) -> [u8; 16] {
    let mut out = [0; 16];
    for (at, byte) in word.to_le_bytes().into_iter().enumerate() {
        out[2 * at] = b'a' + (byte & 15);
        out[2 * at + 1] = b'a' + (byte >> 4);
    }
    out
}

/// The word that `letters` wrote at `at`.
#[inline]
fn unletters(text: &str, at: usize) -> u64 {
    let mut word = 0;
    for (shift, letter) in text.as_bytes()[at..at + 16].iter().enumerate() {
        word |= u64::from(letter.wrapping_sub(b'a') & 15) << (4 * shift);
    }
    word
}

impl Load for String {
    #[inline]
    fn make(publisher: u64, number: u64) -> Self {
        let mut bytes = vec![b'.'; 64];
        bytes[0..16].copy_from_slice(&letters(number));
        bytes[16] = b'0' + publisher as u8;
        bytes[48..64].copy_from_slice(&letters(digest_of(publisher, number)));
        String::from_utf8(bytes).expect("letters are ASCII")
    }

    #[inline]
    fn publisher(&self) -> u64 {
        u64::from(self.as_bytes()[16] - b'0')
    }

    #[inline]
    fn number(&self) -> u64 {
        unletters(self, 0)
    }

    #[inline]
    fn digest(&self) -> u64 {
        unletters(self, 48)
    }

    fn intact(&self) -> bool {
        self.len() == 64
            && self.as_bytes()[17..48].iter().all(|byte| *byte == b'.')
            && self.digest() == digest_of(self.publisher(), self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every payload gives back what went in, and a run's checksum is the sum of its digests.
    fn holds<E: Load>() {
        for publisher in 0..2 {
            for count in [0, 1, 2, 7, 1000] {
                let mut sum = 0u64;
                for number in 0..count {
                    let event = E::make(publisher, number);
                    assert!(event.intact());
                    assert_eq!((event.publisher(), event.number()), (publisher, number));
                    sum = sum.wrapping_add(event.digest());
                }
                assert_eq!(sum, checksum_of(publisher, count));
            }
        }
    }

    #[test]
    fn payloads_carry_their_number_and_digest() {
        holds::<Event>();
        holds::<Arc<[u8; 64]>>();
        holds::<String>();
    }
}
