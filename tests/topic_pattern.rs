//! The pattern matcher agrees with a naive one, on chosen and on random pairs; so does a bus with many patterns.

use eventcast::{Bus, Overflow, TopicPattern, check_topic};

const PAIRS: u64 = if cfg!(miri) { 500 } else { 100_000 };

/// The definition, word for word.
fn naive(pattern: &[&str], topic: &[&str]) -> bool {
    match (pattern, topic) {
        ([], []) => true,
        ([">"], [_, ..]) => true,
        (["*", pattern @ ..], [_, topic @ ..]) => naive(pattern, topic),
        ([token, pattern @ ..], [name, topic @ ..]) => token == name && naive(pattern, topic),
        _ => false,
    }
}

/// Random numbers that are the same on every run (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % n
    }

    fn tokens(&mut self, choice: &[&'static str]) -> Vec<&'static str> {
        (0..=self.below(5)).map(|_| choice[self.below(choice.len() as u64) as usize]).collect()
    }

    fn pattern(&mut self) -> Vec<&'static str> {
        let mut pattern = self.tokens(&["a", "b", "ab", "*", "*"]);
        if self.below(3) == 0 {
            pattern.push(">");
        }
        pattern
    }
}

#[test]
fn chosen_pairs() {
    let matches = |pattern: &str, topic: &str| TopicPattern::new(pattern).unwrap().matches(topic);
    assert!(matches("a.b", "a.b"));
    assert!(!matches("a.b", "a.B"));
    assert!(!matches("a.b", "a"));
    assert!(!matches("a.b", "a.b.c"));
    assert!(!matches("a.b", "a.bc"));
    assert!(matches("*", "a"));
    assert!(!matches("*", "a.b"));
    assert!(matches("a.*.c", "a.b.c"));
    assert!(!matches("a.*.c", "a.c"));
    assert!(!matches("a.*", "a"));
    assert!(matches(">", "a"));
    assert!(matches(">", "a.b.c"));
    assert!(matches("a.>", "a.b"));
    assert!(matches("a.>", "a.b.c.d"));
    assert!(!matches("a.>", "a"));
    assert!(!matches("a.>", "ab.c"));
    assert!(matches("*.>", "a.b"));
    assert!(!matches("*.>", "a"));
}

#[test]
fn random_pairs() {
    let mut random = Random(0x5EED);
    let mut matched = 0;
    for _ in 0..PAIRS {
        let pattern = random.pattern();
        let topic = random.tokens(&["a", "b", "ab"]);
        let (text, name) = (pattern.join("."), topic.join("."));
        assert_eq!(check_topic(&name), Ok(()));
        let expected = naive(&pattern, &topic);
        assert_eq!(TopicPattern::new(&text).unwrap().matches(&name), expected, "{text} on {name}");
        matched += u64::from(expected);
    }
    // The pairs are worth something: both answers occur often.
    assert!(matched > PAIRS / 20 && matched < PAIRS / 2, "{matched} of {PAIRS}");
}

#[test]
fn an_event_is_unrouted_exactly_when_no_pattern_matches_it() {
    // Together about a million pairs of a pattern and a topic.
    const BUSES: u64 = if cfg!(miri) { 2 } else { 1_000 };
    const CHANGES: u64 = if cfg!(miri) { 10 } else { 100 };
    const PATTERNS: usize = 10;
    let mut random = Random(0x5EED);
    let mut unrouted = 0;
    for _ in 0..BUSES {
        let bus = Bus::<()>::builder().capacity(16).build().unwrap();
        let mut joined = Vec::new();
        let mut expected = 0;
        for _ in 0..CHANGES {
            if joined.len() == PATTERNS {
                drop(joined.swap_remove(random.below(PATTERNS as u64) as usize));
            }
            let pattern = random.pattern();
            let sub = bus.subscription(pattern.join(".")).overflow(Overflow::Lag).subscribe().unwrap();
            joined.push((pattern, sub));
            let topic = random.tokens(&["a", "b", "ab"]);
            expected += u64::from(!joined.iter().any(|(pattern, _)| naive(pattern, &topic)));
            bus.publish(topic.join("."), ()).unwrap();
            let patterns: Vec<_> = joined.iter().map(|(_, sub)| sub.pattern().as_str()).collect();
            assert_eq!(bus.stats().unrouted, expected, "{topic:?} with {patterns:?}");
        }
        unrouted += expected;
    }
    let events = BUSES * CHANGES;
    assert!(unrouted > events / 20 && unrouted < events * 19 / 20, "{unrouted} of {events}");
}
