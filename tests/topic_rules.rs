//! Names and patterns that break the rules are refused with what is wrong, in which token, at which column.

use eventcast::{
    MAX_TOPIC_BYTES, MAX_TOPIC_TOKENS, TopicError, TopicErrorKind as Kind, TopicPattern, check_topic,
};

fn place(error: &TopicError) -> (Kind, usize, usize) {
    (error.kind(), error.token(), error.column())
}

#[track_caller]
fn bad_name(name: &str, kind: Kind, token: usize, column: usize) {
    assert_eq!(place(&check_topic(name).unwrap_err()), (kind, token, column), "{name:?}");
}

#[track_caller]
fn bad_pattern(pattern: &str, kind: Kind, token: usize, column: usize) {
    assert_eq!(place(&TopicPattern::new(pattern).unwrap_err()), (kind, token, column), "{pattern:?}");
}

#[test]
fn good_names() {
    let longest = format!("{}.{}", "a".repeat(127), "b".repeat(127));
    assert_eq!(longest.len(), MAX_TOPIC_BYTES);
    let deepest = vec!["t"; MAX_TOPIC_TOKENS].join(".");
    let ordinary = ["a", "a.b", "orders.created", "Größe.Ünit.日本", "a-b_c:d/e@f#g$h", "0", "\u{1F600}"];
    for name in ordinary.into_iter().chain([longest.as_str(), deepest.as_str()]) {
        assert_eq!(check_topic(name), Ok(()), "{name:?}");
        assert_eq!(TopicPattern::new(name).unwrap().as_str(), name);
    }
}

#[test]
fn good_patterns() {
    for pattern in ["*", ">", "*.*", "a.*.c", "a.>", "*.>", "*.b.>"] {
        assert_eq!(pattern.parse::<TopicPattern>().unwrap().to_string(), pattern);
    }
}

#[test]
fn nothing_at_all() {
    bad_name("", Kind::Empty, 1, 1);
    bad_pattern("", Kind::Empty, 1, 1);
}

#[test]
fn empty_tokens() {
    for bad in [bad_name, bad_pattern] {
        bad(".", Kind::EmptyToken, 1, 1);
        bad(".a", Kind::EmptyToken, 1, 1);
        bad("a.", Kind::EmptyToken, 2, 3);
        bad("ab..c", Kind::EmptyToken, 2, 4);
        bad("日本..c", Kind::EmptyToken, 2, 4);
    }
}

#[test]
fn too_many_tokens() {
    let name = vec!["ab"; MAX_TOPIC_TOKENS + 1].join(".");
    for bad in [bad_name, bad_pattern] {
        bad(&name, Kind::TooManyTokens, 33, 97);
    }
}

#[test]
fn too_long() {
    let name = "a".repeat(MAX_TOPIC_BYTES + 1);
    let tokens = format!("{}.{}", "a".repeat(200), "b".repeat(200));
    // Two bytes each: the 128th goes beyond.
    let wide = "ü".repeat(128);
    for bad in [bad_name, bad_pattern] {
        bad(&name, Kind::TooLong(256), 1, 256);
        bad(&tokens, Kind::TooLong(401), 2, 256);
        bad(&wide, Kind::TooLong(256), 1, 128);
    }
}

#[test]
fn white_space_and_control_characters() {
    for c in [' ', '\t', '\n', '\r', '\0', '\u{7f}', '\u{85}', '\u{a0}', '\u{2003}', '\u{3000}'] {
        for bad in [bad_name, bad_pattern] {
            bad(&format!("ab.c{c}d"), Kind::Character(c), 2, 5);
            bad(&c.to_string(), Kind::Character(c), 1, 1);
        }
    }
}

#[test]
fn wildcards_in_names() {
    bad_name("*", Kind::Wildcard('*'), 1, 1);
    bad_name("a.>", Kind::Wildcard('>'), 2, 3);
    bad_name("a.b*", Kind::Wildcard('*'), 2, 4);
}

#[test]
fn wildcards_that_are_no_whole_token() {
    bad_pattern("a.b*", Kind::PartialWildcard('*'), 2, 4);
    bad_pattern("**", Kind::PartialWildcard('*'), 1, 1);
    bad_pattern("a.>b", Kind::PartialWildcard('>'), 2, 3);
    bad_pattern(">>", Kind::PartialWildcard('>'), 1, 1);
}

#[test]
fn rest_before_the_last_token() {
    bad_pattern(">.a", Kind::RestNotLast, 1, 1);
    bad_pattern("a.*.>.b", Kind::RestNotLast, 3, 5);
}

#[test]
fn messages_name_the_token_and_the_column() {
    let long = "x".repeat(300);
    let deep = vec!["t"; 33].join(".");
    let names = [
        ("", r#"topic "": it is empty"#.to_owned()),
        ("a..b", r#"topic "a..b": token 2 is empty (column 3)"#.to_owned()),
        ("a.b c", r#"topic "a.b c": token 2 has the white space ' ' (column 4)"#.to_owned()),
        ("a\n", r#"topic "a\n": token 1 has the control character '\n' (column 2)"#.to_owned()),
        (
            "a.*",
            r#"topic "a.*": token 2 has the wildcard '*', which only patterns may have (column 3)"#
                .to_owned(),
        ),
        (deep.as_str(), format!("topic {deep:?}: token 33 is one too many, at most 32 (column 65)")),
        (
            long.as_str(),
            format!(
                "topic \"{}…\": 300 bytes are too long, at most 255; token 1 goes beyond (column 256)",
                "x".repeat(80)
            ),
        ),
    ];
    for (name, message) in names {
        assert_eq!(check_topic(name).unwrap_err().to_string(), message);
    }
    let patterns = [
        (">.a", r#"pattern ">.a": token 1 is '>', which may only come last (column 1)"#),
        (
            "a.b*",
            r#"pattern "a.b*": token 2 has the wildcard '*' beside other characters; a wildcard is a whole token (column 4)"#,
        ),
    ];
    for (pattern, message) in patterns {
        assert_eq!(TopicPattern::new(pattern).unwrap_err().to_string(), message);
    }
}
