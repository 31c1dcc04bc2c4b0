//! Reads a filter. An error names the column, in characters, the first being 1.

use super::{Comparison, Condition, Filter, Step, Test};
use serde_json::Value;
use std::str::FromStr;

/// What ends a name that is not quoted.
const RESERVED: &[char] = &['.', '[', ']', '=', '!', '<', '>', '~', '&', '"'];

const OPERATORS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::Unequal),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parser = Parser { text, at: 0 };
        let mut conditions = vec![parser.condition()?];
        loop {
            parser.skip_blanks();
            if parser.rest().is_empty() {
                return Ok(Self { text: text.to_owned(), conditions });
            }
            if !parser.take("&&") {
                return Err(parser.expected("&& or the end"));
            }
            conditions.push(parser.condition()?);
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
}

impl<'a> Parser<'a> {
    fn condition(&mut self) -> Result<Condition, String> {
        self.skip_blanks();
        let path = self.path()?;
        self.skip_blanks();
        Ok(Condition { path, test: self.test()? })
    }

    fn path(&mut self) -> Result<Vec<Step>, String> {
        let mut path = Vec::new();
        if !self.rest().starts_with('[') {
            path.push(self.field()?);
        }
        loop {
            if self.take(".") {
                path.push(self.field()?);
            } else if self.take("[") {
                path.push(self.element()?);
            } else {
                return Ok(path);
            }
        }
    }

    fn field(&mut self) -> Result<Step, String> {
        if self.rest().starts_with('"') {
            return Ok(Step::Field(self.quoted()?));
        }
        let name = self.run(|c| !c.is_whitespace() && !RESERVED.contains(&c));
        if name.is_empty() {
            return Err(self.expected("the name of a field"));
        }
        self.at += name.len();
        Ok(Step::Field(name.to_owned()))
    }

    fn element(&mut self) -> Result<Step, String> {
        let digits = self.run(|c| c.is_ascii_digit());
        let index =
            digits.parse().map_err(|_| self.expected("the number of an element, the first being 0,"))?;
        self.at += digits.len();
        if !self.take("]") {
            return Err(self.expected("]"));
        }
        Ok(Step::Element(index))
    }

    fn test(&mut self) -> Result<Test, String> {
        for (word, test) in [("exists", Test::Exists), ("missing", Test::Missing)] {
            if self.run(|c| !c.is_whitespace() && c != '&') == word {
                self.at += word.len();
                return Ok(test);
            }
        }
        if self.take("~") {
            self.skip_blanks();
            if !self.rest().starts_with('"') {
                return Err(self.expected("a quoted text"));
            }
            return Ok(Test::Contains(self.quoted()?));
        }
        for (operator, comparison) in OPERATORS {
            if self.take(operator) {
                self.skip_blanks();
                let at = self.at;
                let value = self.value()?;
                let has_order = value.is_number() || value.is_string();
                if !has_order && !matches!(comparison, Comparison::Equal | Comparison::Unequal) {
                    self.at = at;
                    return Err(self.expected(&format!("a number or a quoted text after {operator}")));
                }
                return Ok(Test::Compare(comparison, value));
            }
        }
        Err(self.expected("==, !=, <, <=, >, >=, ~, exists or missing"))
    }

    fn value(&mut self) -> Result<Value, String> {
        if self.rest().starts_with('"') {
            return Ok(Value::String(self.quoted()?));
        }
        let word = self.run(|c| !c.is_whitespace() && c != '&');
        match serde_json::from_str(word) {
            Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::Null)) => {
                self.at += word.len();
                Ok(value)
            }
            _ => Err(self.expected("a number, a quoted text, true, false or null")),
        }
    }

    /// A text in double quotes, with the escapes of JSON.
    fn quoted(&mut self) -> Result<String, String> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|&(_, c)| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some((end, _)) = end else {
            return Err(self.error("this text has no closing quote"));
        };
        let quoted = &rest[..=end];
        let text = serde_json::from_str(quoted)
            .map_err(|_| self.error(&format!("{quoted} is no text as JSON writes it")))?;
        self.at += quoted.len();
        Ok(text)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The characters from here on that are `part` of something.
    fn run(&self, part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        &rest[..rest.find(|c| !part(c)).unwrap_or(rest.len())]
    }

    fn take(&mut self, token: &str) -> bool {
        let there = self.rest().starts_with(token);
        if there {
            self.at += token.len();
        }
        there
    }

    fn skip_blanks(&mut self) {
        self.at += self.run(char::is_whitespace).len();
    }

    fn expected(&self, what: &str) -> String {
        let word = self.run(|c| !c.is_whitespace());
        if word.is_empty() {
            self.error(&format!("{what} expected, found the end"))
        } else {
            self.error(&format!("{what} expected, found {word}"))
        }
    }

    fn error(&self, message: &str) -> String {
        let column = self.text[..self.at].chars().count() + 1;
        format!("filter, column {column}: {message}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Filter {
        text.parse().unwrap()
    }

    #[test]
    fn blanks_do_not_matter() {
        let tight = read("a.b[0]>=1&&c~\"x\"&&d exists&&e==null");
        let loose = read("  a.b[0] >= 1  &&  c ~ \"x\" && d  exists && e == null ");
        assert_eq!(tight.conditions, loose.conditions);
        assert_eq!(tight.conditions.len(), 4);
    }

    #[test]
    fn names_may_be_quoted_and_texts_have_escapes() {
        let filter = read(r#""a.b"."c \"d\""=="x \\ \" && é""#);
        let field = |name: &str| Step::Field(name.to_owned());
        assert_eq!(filter.conditions[0].path, [field("a.b"), field("c \"d\"")]);
        let text = Value::String("x \\ \" && é".to_owned());
        assert_eq!(filter.conditions[0].test, Test::Compare(Comparison::Equal, text));
        // A field of that name, and the test of that name.
        assert_eq!(read("exists exists").conditions[0].path, [field("exists")]);
    }

    #[test]
    fn errors_point_at_the_column() {
        for (text, message) in [
            ("status>=anna", "column 9: a number, a quoted text, true, false or null expected, found anna"),
            ("status>=", "column 9: a number, a quoted text, true, false or null expected, found the end"),
            ("status=400", "column 7: ==, !=, <, <=, >, >=, ~, exists or missing expected, found =400"),
            ("größe", "column 6: ==, !=, <, <=, >, >=, ~, exists or missing expected, found the end"),
            ("", "column 1: the name of a field expected, found the end"),
            ("a..b==1", "column 3: the name of a field expected, found .b==1"),
            ("a==1 && ", "column 9: the name of a field expected, found the end"),
            ("a==1 || b==2", "column 6: && or the end expected, found ||"),
            ("a==1 & b==2", "column 6: && or the end expected, found &"),
            ("a[x]==1", "column 3: the number of an element, the first being 0, expected, found x]==1"),
            ("a[1==1", "column 4: ] expected, found ==1"),
            ("a~1", "column 3: a quoted text expected, found 1"),
            ("a==\"x", "column 4: this text has no closing quote"),
            ("a==\"\\x\"", "column 4: \"\\x\" is no text as JSON writes it"),
            ("a<true", "column 3: a number or a quoted text after < expected, found true"),
            ("a==[1]", "column 4: a number, a quoted text, true, false or null expected, found [1]"),
            ("a==1e999", "column 4: a number, a quoted text, true, false or null expected, found 1e999"),
            ("a existss", "column 3: ==, !=, <, <=, >, >=, ~, exists or missing expected, found existss"),
        ] {
            assert_eq!(text.parse::<Filter>().unwrap_err(), format!("filter, {message}"), "{text}");
        }
    }
}
