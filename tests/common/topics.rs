//! The rules of topics and patterns, written down once more in another way, and a bus that is held against them.
//!
//! An input is a list of steps with a byte 0xff between them: `+` and a pattern joins, `-` and a pattern lets the oldest
//! subscription of it leave, anything else is the topic of an event.

use eventcast::{
    Bus, MAX_TOPIC_BYTES, MAX_TOPIC_TOKENS, Overflow, Subscription, TopicError, TopicErrorKind as Kind,
    TopicPattern, check_topic,
};

/// Steps of one input that are looked at.
const STEPS: usize = 64;

/// Does what the bytes say; `Err` says where the engine and the rules differ.
pub(crate) fn run(bytes: &[u8]) -> Result<(), String> {
    let bus = Bus::<()>::builder().capacity(16).build().map_err(|error| error.to_string())?;
    let mut joined: Vec<Subscription<()>> = Vec::new();
    let (mut accepted, mut unrouted) = (0, 0);
    for step in bytes.split(|byte| *byte == 0xff).take(STEPS) {
        let step = String::from_utf8_lossy(step);
        let text = step.strip_prefix(['+', '-']).unwrap_or(&step);
        let (name, pattern) = (check(text, false)?, check(text, true)?);
        match step.as_bytes().first() {
            Some(b'+') => {
                let made = bus.subscription(text).overflow(Overflow::Lag).subscribe();
                same("is joined", text, made.is_ok(), pattern)?;
                joined.extend(made);
            }
            Some(b'-') => {
                if let Some(at) = joined.iter().position(|one| one.pattern().as_str() == text) {
                    drop(joined.remove(at));
                }
            }
            _ => {
                let wanted = wanted(&joined, text, name)?;
                same("is published", text, bus.publish(text, ()).is_ok(), name)?;
                accepted += u64::from(name);
                unrouted += u64::from(name && !wanted);
            }
        }
        let stats = bus.stats();
        same("events that were accepted", text, stats.accepted, accepted)?;
        same("events that nobody wanted", text, stats.unrouted, unrouted)?;
    }
    let listed: Vec<_> = bus.subscriptions().into_iter().map(|one| one.pattern).collect();
    let expected: Vec<_> = joined.iter().map(|one| one.pattern().clone()).collect();
    same("subscriptions", "the bus", listed, expected)
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, text: &str, engine: T, rules: T) -> Result<(), String> {
    if engine == rules {
        Ok(())
    } else {
        Err(format!("{text:?}: {what}: {engine:?}, by the rules {rules:?}"))
    }
}

/// Does any of the subscriptions want the topic? Each is asked by the definition too.
fn wanted(joined: &[Subscription<()>], topic: &str, valid: bool) -> Result<bool, String> {
    let mut wanted = false;
    for pattern in joined.iter().map(Subscription::pattern).filter(|_| valid) {
        let tokens: Vec<&str> = pattern.as_str().split('.').collect();
        let expected = matches(&tokens, &topic.split('.').collect::<Vec<_>>());
        same(&format!("matches {pattern}"), topic, pattern.matches(topic), expected)?;
        wanted |= expected;
    }
    Ok(wanted)
}

/// The definition, word for word.
fn matches(pattern: &[&str], topic: &[&str]) -> bool {
    match (pattern, topic) {
        ([], []) => true,
        ([">"], [_, ..]) => true,
        (["*", pattern @ ..], [_, topic @ ..]) => matches(pattern, topic),
        ([token, pattern @ ..], [name, topic @ ..]) => token == name && matches(pattern, topic),
        _ => false,
    }
}

/// Holds the engine's verdict on a text against the rules; is it valid?
fn check(text: &str, pattern: bool) -> Result<bool, String> {
    let verdict = if pattern {
        TopicPattern::new(text).map(|made| made.as_str().to_owned())
    } else {
        check_topic(text).map(|()| text.to_owned())
    };
    let place = |error: &TopicError| (error.kind(), error.token(), error.column());
    let what = if pattern { "as a pattern" } else { "as a name" };
    same(what, text, verdict.as_ref().err().map(place), offence(text, pattern))?;
    match verdict {
        Ok(kept) => {
            same("the text kept", text, kept.as_str(), text)?;
            Ok(true)
        }
        Err(error) => {
            // Points into the text, or right behind it, and can be told.
            let (tokens, columns) = (text.split('.').count(), text.chars().count());
            let inside = (1..=tokens).contains(&error.token()) && (1..=columns + 1).contains(&error.column());
            same("points into the text", text, inside, true)?;
            same("says nothing", text, error.to_string().is_empty(), false)?;
            Ok(false)
        }
    }
}

/// The first thing that is wrong: what, in which token, at which column. Looks at one character and its neighbours at a time.
fn offence(text: &str, pattern: bool) -> Option<(Kind, usize, usize)> {
    let chars: Vec<char> = text.chars().collect();
    let token = |at: usize| 1 + chars[..at].iter().filter(|c| **c == '.').count();
    if chars.is_empty() {
        return Some((Kind::Empty, 1, 1));
    }
    if text.len() > MAX_TOPIC_BYTES {
        let beyond = text.char_indices().position(|(at, c)| at + c.len_utf8() > MAX_TOPIC_BYTES)?;
        return Some((Kind::TooLong(text.len()), token(beyond), beyond + 1));
    }
    // One place more than there are characters: an empty last token stands there.
    (0..=chars.len()).find_map(|at| {
        let here = chars.get(at).copied();
        let begins = at == 0 || chars[at - 1] == '.';
        let next = chars.get(at + 1).copied();
        let whole = begins && matches!(next, None | Some('.'));
        let kind = match here {
            _ if begins && token(at) > MAX_TOPIC_TOKENS => Kind::TooManyTokens,
            None | Some('.') if begins => Kind::EmptyToken,
            Some(c @ ('*' | '>')) if !pattern => Kind::Wildcard(c),
            Some(c @ ('*' | '>')) if !whole => Kind::PartialWildcard(c),
            Some('>') if next.is_some() => Kind::RestNotLast,
            Some(c) if c.is_whitespace() || c.is_control() => Kind::Character(c),
            _ => return None,
        };
        Some((kind, token(at), at + 1))
    })
}
