//! Who takes part. Each gets what it looks up in the form that it likes best, made before the clock starts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use mqtt_topic_engine::topic_matcher::{Len, TopicMatcherNode};
use mqtt_topic_engine::{CacheStrategy, TopicPath, TopicPatternPath};
use mqtt_topic_tree::{QoS, TopicFilter, TopicName, TopicTree};
use topiq_broker::trie::TopicTrie;
use topiq_core::SubscriptionId;

use crate::load::Load;
use crate::topic::{PatternIndex, TopicPattern};

/// What a contestant has to do.
pub(crate) trait Contestant {
    /// How many topics there are to look up.
    fn topics(&self) -> usize;
    /// The sum of the numbers, from 1, of the patterns that match a topic.
    fn resolve(&self, topic: usize) -> u64;
    /// Takes one pattern more and lets it go again.
    fn join_and_leave(&mut self, pattern: &str);
    /// Topics that it cannot look up.
    fn failing(&self) -> usize {
        0
    }
}

/// Makes a contestant of a load: with all patterns, and with the topics if they are wanted.
pub(crate) type Make = fn(&Load) -> Box<dyn Contestant>;

pub(crate) const OURS: &str = "eventcast";
pub(crate) const WALK: &str = "plain walk";

/// All of them; the first is ours.
pub(crate) const ALL: [(&str, Make); 6] = [
    (OURS, |load| Box::new(Ours::new(load, true))),
    ("eventcast, is there any", |load| Box::new(Ours::new(load, false))),
    (WALK, |load| Box::new(Walk::new(load))),
    ("topiq-broker 0.1", |load| Box::new(Topiq::new(load))),
    ("mqtt-topic-engine 0.2", |load| Box::new(Engine::new(load))),
    ("mqtt_topic_tree 0.1", |load| Box::new(Tree::new(load))),
];

fn pattern(text: &str) -> TopicPattern {
    TopicPattern::new(text).expect("the load's patterns are valid")
}

/// MQTT's way to write it.
fn mqtt(text: &str) -> String {
    text.replace('.', "/").replace('*', "+").replace('>', "#")
}

/// Number and pattern.
fn numbered(load: &Load) -> impl Iterator<Item = (u64, &String)> {
    (1..).zip(&load.patterns)
}

/// How many patterns match each topic, the fewest first.
pub(crate) fn matches(load: &Load) -> Vec<usize> {
    let Ours { index, topics, .. } = Ours::new(load, true);
    let count = |topic: &String| {
        let mut count = 0;
        index.for_each_match(topic, |_| count += 1);
        count
    };
    let mut counts: Vec<usize> = topics.iter().map(count).collect();
    counts.sort_unstable();
    counts
}

/// Every version is kept apart from the one before, as the bus needs it.
struct Ours {
    index: PatternIndex<u64>,
    topics: Vec<String>,
    all: bool,
}

impl Ours {
    fn new(load: &Load, all: bool) -> Self {
        let mut index = PatternIndex::new();
        for (number, text) in numbered(load) {
            index = index.with(&pattern(text), number, number);
        }
        Self { index, topics: load.topics.clone(), all }
    }
}

impl Contestant for Ours {
    fn topics(&self) -> usize {
        self.topics.len()
    }

    fn resolve(&self, topic: usize) -> u64 {
        let topic = &self.topics[topic];
        if !self.all {
            return u64::from(self.index.any_match(topic));
        }
        let mut sum = 0;
        self.index.for_each_match(topic, |number| sum += number);
        sum
    }

    fn join_and_leave(&mut self, text: &str) {
        let pattern = pattern(text);
        self.index = self.index.with(&pattern, 0, 0);
        self.index = self.index.without(&pattern, 0);
    }
}

/// A shared list that is copied for each change, and walked.
struct Walk {
    list: Arc<Vec<Arc<(TopicPattern, u64)>>>,
    topics: Vec<String>,
}

impl Walk {
    fn new(load: &Load) -> Self {
        let list = numbered(load).map(|(number, text)| Arc::new((pattern(text), number))).collect();
        Self { list: Arc::new(list), topics: load.topics.clone() }
    }
}

impl Contestant for Walk {
    fn topics(&self) -> usize {
        self.topics.len()
    }

    fn resolve(&self, topic: usize) -> u64 {
        let topic = &self.topics[topic];
        self.list.iter().filter(|one| one.0.matches(topic)).map(|one| one.1).sum()
    }

    fn join_and_leave(&mut self, text: &str) {
        let mut list = Vec::clone(&self.list);
        list.push(Arc::new((pattern(text), 0)));
        self.list = Arc::new(list);
        let mut list = Vec::clone(&self.list);
        list.retain(|one| one.1 != 0);
        self.list = Arc::new(list);
    }
}

/// The same grammar as ours.
struct Topiq {
    trie: TopicTrie,
    topics: Vec<String>,
}

impl Topiq {
    fn new(load: &Load) -> Self {
        let mut trie = TopicTrie::new();
        for (number, text) in numbered(load) {
            trie.insert(text, SubscriptionId(number));
        }
        Self { trie, topics: load.topics.clone() }
    }
}

impl Contestant for Topiq {
    fn topics(&self) -> usize {
        self.topics.len()
    }

    fn resolve(&self, topic: usize) -> u64 {
        self.trie.matches(&self.topics[topic]).iter().map(|number| number.0).sum()
    }

    fn join_and_leave(&mut self, text: &str) {
        self.trie.insert(text, SubscriptionId(0));
        assert!(self.trie.remove(text, SubscriptionId(0)));
    }
}

/// Its trie without its router, which looks up each match once more.
struct Engine {
    trie: TopicMatcherNode<Numbers>,
    topics: Vec<TopicPath>,
}

#[derive(Default)]
struct Numbers(Vec<u64>);

impl Len for Numbers {
    fn len(&self) -> usize {
        self.0.len()
    }
}

fn path(text: &str) -> TopicPatternPath {
    TopicPatternPath::new_from_string(mqtt(text), CacheStrategy::NoCache)
        .expect("the load's patterns are valid")
}

impl Engine {
    fn new(load: &Load) -> Self {
        let mut trie = TopicMatcherNode::new();
        for (number, text) in numbered(load) {
            let numbers: &mut Numbers = trie.get_or_create_subscription_table(&path(text));
            numbers.0.push(number);
        }
        let topics = load.topics.iter().map(|topic| TopicPath::new(mqtt(topic)).expect("valid")).collect();
        Self { trie, topics }
    }
}

impl Contestant for Engine {
    fn topics(&self) -> usize {
        self.topics.len()
    }

    fn resolve(&self, topic: usize) -> u64 {
        self.trie.find_by_path(&self.topics[topic]).iter().flat_map(|numbers| &numbers.0).sum()
    }

    fn join_and_leave(&mut self, text: &str) {
        let path = path(text);
        self.trie.get_or_create_subscription_table(&path).0.push(0);
        let left = self
            .trie
            .update_node(&path.resolve_bound_segments(), |numbers| numbers.0.retain(|number| *number != 0));
        left.expect("it was there");
    }
}

/// Reserves room for as many matches as there are patterns; panics where more than two nodes of a level fit a topic.
struct Tree {
    tree: TopicTree,
    topics: Vec<TopicName>,
    failing: usize,
}

impl Tree {
    fn new(load: &Load) -> Self {
        let mut tree = TopicTree::default();
        for (number, text) in numbered(load) {
            tree.add_subscription(Self::filter(text), number, QoS::Level0);
        }
        let names = load.topics.iter().map(|topic| TopicName::try_from(mqtt(topic)).expect("valid"));
        let topics: Vec<_> = names
            .filter(|topic| catch_unwind(AssertUnwindSafe(|| tree.get_subscriptions(topic).len())).is_ok())
            .collect();
        Self { tree, failing: load.topics.len() - topics.len(), topics }
    }

    fn filter(text: &str) -> TopicFilter {
        TopicFilter::try_from(mqtt(text)).expect("the load's patterns are valid")
    }
}

impl Contestant for Tree {
    fn topics(&self) -> usize {
        self.topics.len()
    }

    fn resolve(&self, topic: usize) -> u64 {
        self.tree.get_subscriptions(&self.topics[topic]).iter().map(|one| one.client_id).sum()
    }

    fn join_and_leave(&mut self, text: &str) {
        self.tree.add_subscription(Self::filter(text), 0, QoS::Level0);
        self.tree.remove_subscription(Self::filter(text), 0);
    }

    fn failing(&self) -> usize {
        self.failing
    }
}
