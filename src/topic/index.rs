//! From a topic to the values of the patterns that match it, without a look at the patterns that do not.
//!
//! A trie of tokens. Each node has its literal children, one child for `*`, the values of the patterns that end there, and
//! those of the patterns that end in `>` right behind it. A topic walks down two ways at most from each node, so what a
//! look-up costs depends on the tokens of the topic and on the wildcards that fit it, hardly on the number of patterns.
//!
//! An index never changes: `with` and `without` answer a new one, which shares all nodes but those on the way to the
//! pattern. So it can be published to readers who take no lock, and a join among 100,000 subscriptions copies a few nodes.

use super::hamt::Hamt;
use super::{MAX_TOPIC_TOKENS, TopicPattern};
use crate::sync::PlainArc as Arc;
use std::hash::{BuildHasher, RandomState};
use std::ops::ControlFlow;

/// Values by pattern; several values may have one pattern, each with a number of its own.
#[derive(Clone)]
pub(crate) struct PatternIndex<V> {
    root: Node<V>,
    /// Tokens that collide in one index do not in another.
    seed: u64,
}

#[derive(Clone)]
struct Node<V> {
    /// What leads here; empty for the root and for `*`.
    token: Token,
    /// Of the patterns that end here, by number.
    ends: Hamt<V>,
    /// Of the patterns that end in `>` after this, by number.
    rests: Hamt<V>,
    any: Option<Arc<Node<V>>>,
    children: Hamt<Arc<Node<V>>>,
}

impl<V: Clone> PatternIndex<V> {
    pub(crate) fn new() -> Self {
        Self { root: Node::new(b""), seed: RandomState::new().hash_one(0) }
    }

    /// With one value more.
    pub(crate) fn with(&self, pattern: &TopicPattern, number: u64, value: V) -> Self {
        self.changed(pattern, |values| values.with(number, value, |_| true))
    }

    /// Without the value of this number, which has this pattern.
    pub(crate) fn without(&self, pattern: &TopicPattern, number: u64) -> Self {
        self.changed(pattern, |values| values.without(number, |_| true))
    }

    fn changed(&self, pattern: &TopicPattern, change: impl FnOnce(&Hamt<V>) -> Hamt<V>) -> Self {
        let mut tokens = split(pattern.as_str());
        let root = self.root.changed(&mut tokens, self.seed, change);
        Self { root: root.unwrap_or_else(|| Node::new(b"")), seed: self.seed }
    }

    /// Calls `f` with every value whose pattern matches the topic of this valid name, in no order that means anything.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "for who has to know all of them, not whether there are any")
    )]
    pub(crate) fn for_each_match(&self, topic: &str, mut f: impl FnMut(&V)) {
        let _ = self.walk(topic, &mut |value| {
            f(value);
            ControlFlow::Continue(())
        });
    }

    /// Is there a value whose pattern matches the topic of this valid name?
    pub(crate) fn any_match(&self, topic: &str) -> bool {
        self.walk(topic, &mut |_| ControlFlow::Break(())).is_break()
    }

    fn walk(&self, topic: &str, f: &mut impl FnMut(&V) -> ControlFlow<()>) -> ControlFlow<()> {
        // Each token is hashed once, however many nodes look for it.
        let mut tokens: [(u64, &[u8]); MAX_TOPIC_TOKENS] = [(0, b""); MAX_TOPIC_TOKENS];
        let mut count = 0;
        for (place, token) in tokens.iter_mut().zip(split(topic)) {
            *place = (hash(self.seed, token), token);
            count += 1;
        }
        self.root.walk(&tokens[..count], f)
    }
}

impl<V: Clone> Node<V> {
    fn new(token: &[u8]) -> Self {
        Self {
            token: Token::new(token),
            ends: Hamt::default(),
            rests: Hamt::default(),
            any: None,
            children: Hamt::default(),
        }
    }

    /// This node after a change of the values at the end of `tokens`; `None` when nothing is left in it.
    fn changed<'a>(
        &self,
        tokens: &mut impl Iterator<Item = &'a [u8]>,
        seed: u64,
        change: impl FnOnce(&Hamt<V>) -> Hamt<V>,
    ) -> Option<Self> {
        let mut node = self.clone();
        match tokens.next() {
            None => node.ends = change(&self.ends),
            Some(b">") => node.rests = change(&self.rests),
            Some(b"*") => {
                let any = match &self.any {
                    Some(any) => any.changed(tokens, seed, change),
                    None => Self::new(b"").changed(tokens, seed, change),
                };
                node.any = any.map(Arc::new);
            }
            Some(token) => {
                let hash = hash(seed, token);
                let is = |child: &Arc<Self>| child.token.is(token);
                let child = match self.children.get(hash, is) {
                    Some(child) => child.changed(tokens, seed, change),
                    None => Self::new(token).changed(tokens, seed, change),
                };
                node.children = match child {
                    Some(child) => self.children.with(hash, Arc::new(child), is),
                    None => self.children.without(hash, is),
                };
            }
        }
        (!node.is_empty()).then_some(node)
    }

    fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.rests.is_empty() && self.any.is_none() && self.children.is_empty()
    }

    /// Calls `f` with the values below that match what is left of a topic, hash and text of each token, until it breaks.
    fn walk(&self, topic: &[(u64, &[u8])], f: &mut impl FnMut(&V) -> ControlFlow<()>) -> ControlFlow<()> {
        let [(hash, token), left @ ..] = topic else { return self.ends.try_for_each(f) };
        self.rests.try_for_each(f)?;
        if let Some(child) = self.children.get(*hash, |child| child.token.is(token)) {
            child.walk(left, f)?;
        }
        match &self.any {
            Some(any) => any.walk(left, f),
            None => ControlFlow::Continue(()),
        }
    }
}

/// The tokens of a name or a pattern. By bytes, because they are short: a search for a character begins slowly.
fn split(text: &str) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().split(|byte| *byte == b'.')
}

/// The text of a token, in the node itself where it is short: elsewhere it would be one cache miss more for each node.
#[derive(Clone)]
enum Token {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(Arc<[u8]>),
}

/// With its length and the variant, 24 bytes.
const SHORT: usize = 22;

impl Token {
    fn new(text: &[u8]) -> Self {
        let mut bytes = [0; SHORT];
        match bytes.get_mut(..text.len()) {
            Some(place) => {
                place.copy_from_slice(text);
                Self::Short { length: text.len() as u8, bytes }
            }
            None => Self::Long(text.into()),
        }
    }

    #[inline]
    fn is(&self, text: &[u8]) -> bool {
        match self {
            Self::Short { length, bytes } => bytes[..usize::from(*length)] == *text,
            Self::Long(long) => **long == *text,
        }
    }
}

/// A hash of few instructions for short texts: each eight bytes are multiplied and folded (as in wyhash). The seed keeps
/// it unknown which tokens collide; tokens that do are told apart by their text.
fn hash(seed: u64, token: &[u8]) -> u64 {
    let fold = |word: u64| {
        let product = u128::from(word) * 0x9e37_79b9_7f4a_7c15;
        product as u64 ^ (product >> 64) as u64
    };
    let (words, rest) = token.as_chunks::<8>();
    let hash = words.iter().fold(seed, |hash, word| fold(hash ^ u64::from_le_bytes(*word)));
    let rest = rest.iter().fold(token.len() as u64, |word, byte| word << 8 | u64::from(*byte));
    fold(hash ^ rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn index(patterns: &[TopicPattern]) -> PatternIndex<u64> {
        let numbered = (0..).zip(patterns);
        numbered.fold(PatternIndex::new(), |index, (number, pattern)| index.with(pattern, number, number))
    }

    fn patterns(texts: &[&str]) -> Vec<TopicPattern> {
        texts.iter().map(|text| TopicPattern::new(text).unwrap()).collect()
    }

    /// The numbers of the values that match.
    fn matching(index: &PatternIndex<u64>, topic: &str) -> Vec<u64> {
        let mut numbers = Vec::new();
        index.for_each_match(topic, |number| numbers.push(*number));
        numbers.sort_unstable();
        assert_eq!(index.any_match(topic), !numbers.is_empty(), "{topic}");
        numbers
    }

    #[test]
    fn chosen_topics() {
        let index = index(&patterns(&["a.b", "a.*", "a.>", ">", "*.b", "*.*.c", "a.b", "*.>"]));
        assert_eq!(matching(&index, "a.b"), [0, 1, 2, 3, 4, 6, 7]);
        assert_eq!(matching(&index, "a"), [3]);
        assert_eq!(matching(&index, "x.b"), [3, 4, 7]);
        assert_eq!(matching(&index, "a.b.c"), [2, 3, 5, 7]);
        assert_eq!(matching(&index, "A.B"), [3, 7]);
    }

    #[test]
    fn nothing_is_left_when_all_have_left() {
        let patterns = patterns(&["a.b", "a.*.c", "a.>", ">", "a.b", "*.*.*.>"]);
        let full = index(&patterns);
        let empty = (0..).zip(&patterns).fold(full.clone(), |index, (n, pattern)| index.without(pattern, n));
        assert!(empty.root.is_empty());
        // The index of before is as it was.
        assert_eq!(matching(&full, "a.b"), [0, 2, 3, 4]);
    }

    #[test]
    fn tokens_that_resemble_each_other_do_not_collide() {
        const TOKENS: usize = 10_000;
        for text in ["", "sensor", "longer-than-eight-"] {
            let hashes: HashSet<_> = (0..TOKENS).map(|n| hash(7, format!("{text}{n}").as_bytes())).collect();
            assert_eq!(hashes.len(), TOKENS, "{text}");
        }
        let hashes: HashSet<_> = (1..100).map(|length| hash(7, &vec![0; length])).collect();
        assert_eq!(hashes.len(), 99);
    }

    /// Numbers that are the same on every run (xorshift64*).
    struct Random(u64);

    impl Random {
        fn below(&mut self, n: usize) -> usize {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as usize % n
        }

        fn text(&mut self, tokens: &[&str]) -> String {
            let count = 1 + self.below(5);
            (0..count).map(|_| tokens[self.below(tokens.len())]).collect::<Vec<_>>().join(".")
        }
    }

    #[test]
    fn random_indexes_agree_with_a_walk_over_all_patterns() {
        const ROUNDS: u64 = if cfg!(miri) { 3 } else { 100 };
        const TOPICS: usize = if cfg!(miri) { 10 } else { 100 };
        let mut random = Random(0x5eed);
        for _ in 0..ROUNDS {
            let patterns: Vec<_> = (0..100)
                .map(|_| {
                    let text = random.text(&["a", "b", "ab", "longer-than-eight", "*", "*"]);
                    let end = if random.below(3) == 0 { ".>" } else { "" };
                    TopicPattern::new(&format!("{text}{end}")).unwrap()
                })
                .collect();
            let mut index = index(&patterns);
            // Half of them leave again.
            let left: Vec<_> = (0..).zip(&patterns).filter(|_| random.below(2) == 0).collect();
            for (number, pattern) in (0..).zip(&patterns).filter(|one| !left.contains(one)) {
                index = index.without(pattern, number);
            }
            for _ in 0..TOPICS {
                let topic = random.text(&["a", "b", "ab", "longer-than-eight", "never-asked-for"]);
                let expected: Vec<u64> =
                    left.iter().filter(|(_, pattern)| pattern.matches(&topic)).map(|(n, _)| *n).collect();
                assert_eq!(matching(&index, &topic), expected, "{topic}");
            }
        }
    }
}
