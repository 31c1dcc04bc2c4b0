//! Filters on the fields of JSON data: `status>=400 && user.name=="anna" && path~"/api/"`.
//!
//! A condition about a field that is not there, or that is of another type, is not met; `!=` included.

mod parse;

use serde_json::{Number, Value};
use std::cmp::Ordering;
use std::fmt;

/// Conditions that all have to be met.
#[derive(Debug)]
pub(crate) struct Filter {
    /// As it was written.
    text: String,
    conditions: Vec<Condition>,
}

#[derive(Debug, PartialEq)]
struct Condition {
    path: Vec<Step>,
    test: Test,
}

/// One step into the data.
#[derive(Debug, PartialEq)]
enum Step {
    /// To a field of an object.
    Field(String),
    /// To an element of an array; the first is 0.
    Element(usize),
}

#[derive(Debug, PartialEq)]
enum Test {
    Exists,
    Missing,
    Compare(Comparison, Value),
    Contains(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Filter {
    pub(crate) fn matches(&self, data: &Value) -> bool {
        self.conditions.iter().all(|condition| condition.is_met(data))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Condition {
    fn is_met(&self, data: &Value) -> bool {
        let field = self.path.iter().try_fold(data, |value, step| match step {
            Step::Field(name) => value.as_object()?.get(name),
            Step::Element(index) => value.as_array()?.get(*index),
        });
        match (&self.test, field) {
            (Test::Missing, field) => field.is_none(),
            (_, None) => false,
            (Test::Exists, Some(_)) => true,
            (Test::Compare(comparison, wanted), Some(field)) => comparison.holds(field, wanted),
            (Test::Contains(part), Some(field)) => field.as_str().is_some_and(|text| text.contains(part)),
        }
    }
}

impl Comparison {
    fn holds(self, field: &Value, wanted: &Value) -> bool {
        let Some(order) = compare(field, wanted) else { return false };
        match self {
            Self::Equal => order.is_eq(),
            Self::Unequal => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// The order of two values of one type; nothing for arrays, objects and different types.
fn compare(field: &Value, wanted: &Value) -> Option<Ordering> {
    match (field, wanted) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Bool(field), Value::Bool(wanted)) => Some(field.cmp(wanted)),
        (Value::Number(field), Value::Number(wanted)) => compare_numbers(field, wanted),
        (Value::String(field), Value::String(wanted)) => Some(field.cmp(wanted)),
        _ => None,
    }
}

/// Integers exactly: ids beyond 2^53 would be equal as floating point numbers.
fn compare_numbers(field: &Number, wanted: &Number) -> Option<Ordering> {
    match (field.as_i128(), wanted.as_i128()) {
        (Some(field), Some(wanted)) => Some(field.cmp(&wanted)),
        _ => field.as_f64()?.partial_cmp(&wanted.as_f64()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Value {
        serde_json::json!({
            "status": 404, "ratio": 0.5, "id": 9_007_199_254_740_993_u64, "below": -3,
            "path": "/api/users", "ok": false, "none": null, "odd name": 1, "größe": 2,
            "user": { "name": "anna", "tags": ["x", { "deep": [[7]] }] },
        })
    }

    #[track_caller]
    fn check(filter: &str, expected: bool) {
        assert_eq!(filter.parse::<Filter>().unwrap().matches(&data()), expected, "{filter}");
    }

    #[test]
    fn comparisons() {
        for filter in [
            "status==404",
            "status == 404.0",
            "status!=405",
            "status<405",
            "status<=404",
            "status>403",
            "status>=404",
            "ratio<1",
            "ratio==5e-1",
            "below<-2",
            "id==9007199254740993",
            "path==\"/api/users\"",
            "path>\"/aph\"",
            "path~\"api\"",
            "path~\"\"",
            "ok==false",
            "ok!=true",
            "none==null",
        ] {
            check(filter, true);
        }
        for filter in [
            "status==405",
            "status!=404",
            "status<404",
            "status<=403",
            "status>404",
            "status>=405",
            "id==9007199254740992",
            "path==\"/API/users\"",
            "path~\"apis\"",
            "ok==true",
            "none!=null",
        ] {
            check(filter, false);
        }
    }

    #[test]
    fn paths() {
        for filter in [
            "user.name==\"anna\"",
            "user.tags[0]==\"x\"",
            "user.tags[1].deep[0][0]==7",
            "\"odd name\"==1",
            "user.\"name\"==\"anna\"",
            "größe==2",
        ] {
            check(filter, true);
        }
        for filter in ["user.tags[2]==\"x\"", "user[0]==\"x\"", "status.name==1", "user.tags.x==1"] {
            check(filter, false);
        }
        let list: Filter = "[1]==2".parse().unwrap();
        assert!(list.matches(&serde_json::json!([1, 2])) && !list.matches(&serde_json::json!([2])));
    }

    #[test]
    fn fields_that_are_there_or_not() {
        for filter in ["none exists", "user.tags[1] exists", "nobody missing", "user.tags[2] missing"] {
            check(filter, true);
        }
        for filter in ["none missing", "nobody exists", "status.deeper exists"] {
            check(filter, false);
        }
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_not_met() {
        for filter in [
            "nobody==1",
            "nobody!=1",
            "nobody==null",
            "status==\"404\"",
            "status!=\"404\"",
            "path>1",
            "user==1",
            "status~\"4\"",
        ] {
            check(filter, false);
        }
    }

    #[test]
    fn all_conditions_have_to_be_met() {
        check("status>=400 && status<500 && user.name==\"anna\"", true);
        check("status>=400&&ok==true", false);
        check("path!=\"a && b\" && ok exists", true);
    }
}
