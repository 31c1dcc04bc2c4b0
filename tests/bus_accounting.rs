//! Publishers and subscriptions of every kind at once: every event is accounted for, on both sides.

use eventcast::{Bus, Overflow, RecvError};
use std::thread;

const EVENTS: u64 = if cfg!(miri) { 60 } else { 20_000 };
const PUBLISHERS: u64 = 3;
const TOPICS: [&str; 5] = ["a", "a.b", "a.c", "a.b.c", "b.c"];

#[test]
fn every_event_is_accounted_for() {
    // A ring of one event wakes somebody for every event: fewer of them do.
    for (capacity, events) in [(1, EVENTS / 20), (7, EVENTS / 5), (256, EVENTS)] {
        let bus = Bus::<(u64, u64)>::builder().capacity(capacity).build().unwrap();
        let subs: Vec<_> = [">", "a.*", "a.>", "*", "b.c", "none"]
            .into_iter()
            .flat_map(|pattern| [(pattern, Overflow::Block), (pattern, Overflow::Lag)])
            .map(|(pattern, overflow)| bus.subscription(pattern).overflow(overflow).subscribe().unwrap())
            .collect();
        let readers = subs.into_iter().map(|mut sub| {
            thread::spawn(move || {
                let mut seen = 0;
                let mut missed = 0;
                let mut last = [None; PUBLISHERS as usize];
                let mut sequence = None;
                for result in sub.results() {
                    match result {
                        Ok(event) => {
                            let (publisher, n) = *event.payload();
                            assert!(last[publisher as usize] < Some(n), "one publisher's order");
                            assert!(sequence < Some(event.sequence()), "the bus's order");
                            last[publisher as usize] = Some(n);
                            sequence = Some(event.sequence());
                            seen += 1;
                        }
                        Err(RecvError::Lagged(n)) => missed += n,
                        Err(error) => panic!("{error}"),
                    }
                }
                let stats = sub.stats();
                assert_eq!((seen, missed), (stats.delivered, stats.lost));
                assert_eq!((stats.joined, stats.ahead), (0, 0));
                assert_eq!(stats.total(), PUBLISHERS * events);
                (sub.pattern().clone(), sub.overflow(), stats)
            })
        });
        let readers: Vec<_> = readers.collect();
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|publisher| {
                let topics = TOPICS.map(|name| bus.topic(name).unwrap());
                thread::spawn(move || {
                    for n in 0..events {
                        let topic = &topics[((n + publisher) % TOPICS.len() as u64) as usize];
                        topic.publish((publisher, n)).unwrap();
                    }
                })
            })
            .collect();
        publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
        let stats = bus.stats();
        assert_eq!((stats.accepted, stats.refused()), (PUBLISHERS * events, 0));
        drop(bus);
        for reader in readers {
            let (pattern, overflow, stats) = reader.join().unwrap();
            if overflow == Overflow::Block {
                let matching = TOPICS.iter().filter(|name| pattern.matches(name)).count() as u64;
                assert_eq!(stats.lost, 0);
                assert_eq!(stats.delivered, PUBLISHERS * events * matching / TOPICS.len() as u64);
            }
        }
    }
}
