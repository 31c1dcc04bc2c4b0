//! What two patterns have in common agrees with an enumeration of names, and with the limits of names.

use eventcast::{MAX_TOPIC_BYTES, MAX_TOPIC_TOKENS, TopicPattern};

/// Lists of up to `most` of these tokens.
fn lists(tokens: &[&str], most: usize) -> Vec<String> {
    let mut all: Vec<String> = tokens.iter().map(|token| (*token).to_owned()).collect();
    let mut longest = all.clone();
    for _ in 1..most {
        let longer = |text: &String| tokens.iter().map(|token| format!("{text}.{token}")).collect::<Vec<_>>();
        longest = longest.iter().flat_map(longer).collect();
        all.extend_from_slice(&longest);
    }
    all
}

fn pattern(text: &str) -> TopicPattern {
    TopicPattern::new(text).unwrap()
}

/// All short patterns.
fn patterns(most: usize) -> Vec<TopicPattern> {
    let plain = lists(&["a", "b", "*"], most);
    let rests = plain.iter().map(|text| format!("{text}.>")).chain([">".to_owned()]);
    rests.chain(plain.iter().cloned()).map(|text| pattern(&text)).collect()
}

#[test]
fn overlaps_and_covers_are_what_names_say() {
    const MOST: usize = if cfg!(miri) { 1 } else { 3 };
    // One token that no pattern has, and names longer than all patterns.
    let names = lists(&["a", "b", "c"], MOST + 2);
    let patterns = patterns(MOST);
    let matched: Vec<Vec<bool>> =
        patterns.iter().map(|pattern| names.iter().map(|name| pattern.matches(name)).collect()).collect();
    let (mut overlapping, mut covering) = (0, 0);
    for (one, of_one) in patterns.iter().zip(&matched) {
        for (other, of_other) in patterns.iter().zip(&matched) {
            let mut both = of_one.iter().zip(of_other);
            let overlaps = both.clone().any(|(one, other)| *one && *other);
            assert_eq!(one.overlaps(other), overlaps, "{one} and {other}");
            let covers = both.all(|(one, other)| *one || !*other);
            assert_eq!(one.covers(other), covers, "{one} and {other}");
            overlapping += u64::from(overlaps);
            covering += u64::from(covers);
        }
    }
    let pairs = (patterns.len() * patterns.len()) as u64;
    assert!(overlapping > pairs / 20 && overlapping < pairs, "{overlapping} of {pairs}");
    assert!(covering > pairs / 50 && covering < pairs / 2, "{covering} of {pairs}");
}

#[test]
fn a_rest_with_no_room_for_two_is_any_one_token() {
    // As many tokens as a name may have.
    let start = vec!["x"; MAX_TOPIC_TOKENS - 1].join(".");
    let (rest, any) = (pattern(&format!("{start}.>")), pattern(&format!("{start}.*")));
    assert!(rest.covers(&any) && any.covers(&rest));
    // As many bytes, but for one that would not be enough for another token.
    for (len, roomy) in [(MAX_TOPIC_BYTES - 2, true), (MAX_TOPIC_BYTES - 1, false), (MAX_TOPIC_BYTES, false)]
    {
        let start = "x".repeat(len - 2);
        let (rest, any) = (pattern(&format!("{start}.>")), pattern(&format!("{start}.*")));
        assert!(rest.covers(&any));
        assert_eq!(any.covers(&rest), !roomy, "{len} bytes");
        assert_eq!(eventcast::check_topic(&format!("{start}.y.y")).is_ok(), roomy);
    }
}

#[test]
fn patterns_whose_common_names_would_be_too_long_have_none() {
    let long = "x".repeat(200);
    let (one, other) = (pattern(&format!("{long}.*")), pattern(&format!("*.{long}")));
    assert!(!one.overlaps(&other));
    let short = "x".repeat(54);
    assert!(one.overlaps(&pattern(&format!("*.{short}"))));
    assert!(!one.overlaps(&pattern(&format!("*.{short}y"))));
    assert!(!one.overlaps(&pattern(&format!("*.*.{short}"))));
}
