//! The patterns and the topics, the same for everybody and on every run.

/// Patterns and the topics that are looked up, as the engine writes them.
pub(crate) struct Load {
    pub(crate) patterns: Vec<String>,
    /// In the order in which they are looked up, which is not that of the patterns.
    pub(crate) topics: Vec<String>,
}

/// xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as usize % n
    }
}

/// `region.service.entity.event` or `region.service.entity.event.detail`, or the first three of them. There are the more
/// services and entities, the more patterns there are.
struct Names {
    services: usize,
    entities: usize,
}

impl Names {
    fn topic(&self, random: &mut Random) -> Vec<String> {
        const EVENTS: [&str; 8] =
            ["created", "updated", "deleted", "failed", "started", "stopped", "temperature", "heartbeat"];
        const DETAILS: [&str; 4] = ["raw", "hourly", "audit", "v2"];
        let mut tokens = vec![
            format!("region{}", random.below(8)),
            format!("service-{}", random.below(self.services)),
            format!("{:06}", random.below(self.entities)),
            EVENTS[random.below(EVENTS.len())].to_owned(),
            DETAILS[random.below(DETAILS.len())].to_owned(),
        ];
        tokens.truncate(3 + random.below(3));
        tokens
    }
}

impl Load {
    /// Of 100 patterns 70 are literal, 20 have a `*` in the middle, some of them two, and 10 end in `>`, which follows one or two
    /// tokens. Half of the topics are made from patterns, so that something matches them; the others as patterns are.
    pub(crate) fn new(patterns: usize) -> Self {
        let names = Names { services: (patterns / 100).max(4), entities: (patterns / 10).max(10) };
        let mut random = Random(0x5eed);
        let patterns: Vec<_> = (0..patterns).map(|_| Self::pattern(&names, &mut random)).collect();
        let count = patterns.len().max(1000);
        let topics = (0..count).map(|n| {
            let mut topic = names.topic(&mut random);
            if n % 2 == 0 {
                let pattern = patterns[random.below(patterns.len())].split('.');
                let pattern: Vec<_> = pattern.filter(|token| *token != ">").collect();
                topic.truncate(pattern.len().max(3));
                for (token, wanted) in topic.iter_mut().zip(pattern) {
                    if wanted != "*" {
                        *token = wanted.to_owned();
                    }
                }
            }
            topic.join(".")
        });
        Self { topics: topics.collect(), patterns }
    }

    fn pattern(names: &Names, random: &mut Random) -> String {
        let mut tokens = names.topic(random);
        match random.below(100) {
            0..70 => {}
            70..90 => {
                let at = 1 + random.below(tokens.len() - 2);
                tokens[at] = "*".to_owned();
                if random.below(4) == 0 {
                    tokens[0] = "*".to_owned();
                }
            }
            // Never as long as a topic: MQTT's `#` would match the topic that ends before it, and ours does not.
            _ => {
                tokens.truncate(1 + usize::from(random.below(200) != 0));
                tokens.push(">".to_owned());
            }
        }
        tokens.join(".")
    }
}
