//! Random lists of operations: made up, played, made smaller where one fails, and measured by what they met.

use crate::common::Rng;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a list is laid out in bytes, and what plays it.
pub(crate) struct Lists<'a, C> {
    pub(crate) header: usize,
    pub(crate) step: usize,
    pub(crate) max_steps: usize,
    /// Plays a list, with a trace or without; answers what it met, or what was wrong.
    pub(crate) run: &'a Run<C>,
    /// What a list has met, each with its name; a name in brackets may be rare.
    pub(crate) met: &'a dyn Fn(&C) -> Vec<(&'static str, bool)>,
}

type Run<C> = dyn Fn(&[u8], bool) -> Result<C, String>;

impl<C: Default> Lists<'_, C> {
    /// Plays so many lists, says what shares of them met what, and fails when one fails or a share is below 5 %.
    pub(crate) fn play_all(&self, cases: u64, rng: &mut Rng, steps: impl Fn(&C) -> usize) {
        let mut shares = vec![0_u64; (self.met)(&C::default()).len()];
        let mut operations = 0;
        for case in 0..cases {
            let bytes = self.random_case(rng);
            let seen = match self.play(&bytes, false) {
                Ok(seen) => seen,
                Err(text) => {
                    let small = self.shrink(bytes, &text);
                    println!("case {case}: {text}\nsmallest: {}", hex(&small));
                    // A failure that depends on threads may not come again.
                    let again = self.play(&small, true).err();
                    panic!("case {case}, smallest: {}", again.unwrap_or(text));
                }
            };
            operations += steps(&seen);
            for (share, met) in shares.iter_mut().zip((self.met)(&seen)) {
                *share += u64::from(met.1);
            }
        }
        println!("{cases} cases, {operations} operations");
        for (share, (name, _)) in shares.iter().zip((self.met)(&C::default())) {
            let percent = *share as f64 * 100.0 / cases as f64;
            println!("{percent:5.1} % {name}");
            // A generator that never makes the case proves nothing about it.
            let enough = percent >= 5.0 || name.starts_with('(') || cases < 1_000;
            assert!(enough, "only {percent:.1} % of the cases met {name}");
        }
    }

    /// One case: what it met, or what was wrong.
    fn play(&self, bytes: &[u8], trace: bool) -> Result<C, String> {
        match catch_unwind(AssertUnwindSafe(|| (self.run)(bytes, trace))) {
            Ok(result) => result,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                Err(text
                    .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
                    .unwrap_or_default())
            }
        }
    }

    fn random_case(&self, rng: &mut Rng) -> Vec<u8> {
        let steps = 1 + rng.below(self.max_steps as u64) as usize;
        (0..self.header + steps * self.step).map(|_| rng.next() as u8).collect()
    }

    /// Leaves out what is not needed for the same failure.
    fn shrink(&self, mut bytes: Vec<u8>, text: &str) -> Vec<u8> {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let mut steps = (bytes.len() - self.header) / self.step;
        while steps > 0 {
            let mut at = self.header;
            while at + steps * self.step <= bytes.len() {
                let mut shorter = bytes.clone();
                shorter.drain(at..at + steps * self.step);
                if self.play(&shorter, false).is_err_and(|other| kind(&other) == kind(text)) {
                    bytes = shorter;
                } else {
                    at += steps * self.step;
                }
            }
            steps /= 2;
        }
        std::panic::set_hook(hook);
        bytes
    }
}

/// A failure without its numbers.
fn kind(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).take(60).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
