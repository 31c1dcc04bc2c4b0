//! A snapshot as text for Prometheus.

use super::histogram::Histogram;
use super::lane::LaneSnapshot;
use super::snapshot::Snapshot;
use super::subscription::SubscriptionSnapshot;
use crate::bus::TopicStats;
use std::fmt;

/// A snapshot in Prometheus's text format 0.0.4, by `Display`; see [`docs::metrics`](crate::docs::metrics) for the list.
#[derive(Clone, Copy, Debug)]
pub struct Exposition<'a> {
    snapshot: &'a Snapshot,
}

impl Exposition<'_> {
    /// What an HTTP response with it says in `Content-Type`.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";
}

impl Snapshot {
    /// All of it as text for Prometheus. Counts are cumulative, so not of a [difference](Self::since); times are in seconds.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// bus.publish("tick", 7)?;
    /// let text = bus.snapshot().exposition().to_string();
    /// assert!(text.contains("\neventcast_published_total 1\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn exposition(&self) -> Exposition<'_> {
        Exposition { snapshot: self }
    }
}

/// The quantiles of a summary.
const QUANTILES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

impl fmt::Display for Exposition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Snapshot { stats, totals, subscriptions, .. } = self.snapshot;
        let snapshot = self.snapshot;
        let mut out = Families { f };
        out.one("published_total", "counter", "Events accepted by the bus.", stats.accepted)?;
        let refused = [
            ("full", stats.refused_full),
            ("timeout", stats.refused_timeout),
            ("closed", stats.refused_closed),
            ("invalid_topic", stats.refused_invalid_topic),
            ("invalid_id", stats.refused_invalid_id),
            ("too_large", stats.refused_too_large),
            ("would_deadlock", stats.refused_would_deadlock),
            ("filtered", stats.refused_filtered),
        ];
        out.by("refused_total", "Publishes refused, by reason.", "reason", refused)?;
        out.one("unrouted_total", "counter", "Accepted events that no subscription wanted.", stats.unrouted)?;
        let panics = [
            ("bus_filter", stats.filter_panics),
            ("subscription_filter", totals.filter_panics),
            ("unrouted", stats.unrouted_panics),
            ("drop", snapshot.drop_panics),
        ];
        out.by("panics_total", "Panics of the user's code that were contained.", "in", panics)?;
        out.one("delivered_total", "counter", "Events handed to subscriptions.", totals.delivered)?;
        out.one("filtered_total", "counter", "Events that subscriptions read past.", totals.filtered)?;
        out.one("expired_total", "counter", "Events too old for a subscription.", totals.expired)?;
        out.by("lost_total", "Events that subscriptions lost, by reason.", "reason", totals.lost_by.iter())?;
        out.one("subscriptions", "gauge", "Subscriptions now.", stats.subscriptions)?;
        let slow = snapshot.slow(1.0).count();
        out.one("slow_subscriptions", "gauge", "Subscriptions whose buffer is full.", slow)?;
        out.one("topics", "gauge", "Topics that the bus has heard of.", stats.topics)?;
        out.topics(&snapshot.topics)?;
        let evicted = "Events published to topics that have left.";
        out.one("published_to_evicted_topics_total", "counter", evicted, stats.evicted)?;
        out.one("capacity_events", "gauge", "Events that the bus keeps.", snapshot.capacity)?;
        let backlog = "Events that the slowest blocking subscription has not read.";
        out.one("backlog_events", "gauge", backlog, snapshot.backlog)?;
        out.one("fill_ratio", "gauge", "Backlog by capacity of what is fullest, 0 to 1.", snapshot.fill())?;
        out.lanes(&snapshot.lanes)?;
        out.one("closed", "gauge", "1 once the bus is closed.", u8::from(snapshot.closed))?;
        let sample = "One event in so many is timed; 0: none.";
        out.one("sample_interval_events", "gauge", sample, snapshot.sample)?;
        let publish = "Time from the call of publish until readers can see the event, sampled.";
        out.head("publish_seconds", "summary", publish)?;
        out.summary("publish_seconds", "", &snapshot.publish_time)?;
        let delivery = "Time from the call of publish to the hand-out, sampled.";
        out.head("delivery_seconds", "summary", delivery)?;
        out.summary("delivery_seconds", "", &snapshot.delivery_time)?;
        out.subscriptions(subscriptions)
    }
}

/// Writes families of samples, each with its help and its type.
struct Families<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
}

impl Families<'_, '_> {
    fn head(&mut self, name: &str, kind: &str, help: &str) -> fmt::Result {
        writeln!(self.f, "# HELP eventcast_{name} {help}\n# TYPE eventcast_{name} {kind}")
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl fmt::Display) -> fmt::Result {
        self.head(name, kind, help)?;
        writeln!(self.f, "eventcast_{name} {value}")
    }

    /// A counter with one label; the label's values are ours and need no escape.
    fn by(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'static str, u64)>,
    ) -> fmt::Result {
        self.head(name, "counter", help)?;
        values
            .into_iter()
            .try_for_each(|(value, n)| writeln!(self.f, "eventcast_{name}{{{label}=\"{value}\"}} {n}"))
    }

    /// `labels` without braces; empty or with a comma at its end.
    fn summary(&mut self, name: &str, labels: &str, times: &Histogram) -> fmt::Result {
        if times.count() > 0 {
            for quantile in QUANTILES {
                let seconds = times.quantile(quantile).as_secs_f64();
                writeln!(self.f, "eventcast_{name}{{{labels}quantile=\"{quantile}\"}} {seconds}")?;
            }
        }
        let labels = labels.strip_suffix(',').map_or(String::new(), |labels| format!("{{{labels}}}"));
        writeln!(self.f, "eventcast_{name}_sum{labels} {}", times.sum().as_secs_f64())?;
        writeln!(self.f, "eventcast_{name}_count{labels} {}", times.count())
    }

    fn topics(&mut self, all: &[TopicStats]) -> fmt::Result {
        self.head("published_by_topic_total", "counter", "Events published, by topic.")?;
        all.iter().try_for_each(|topic| {
            let name = Escaped(&topic.name);
            writeln!(self.f, "eventcast_published_by_topic_total{{topic=\"{name}\"}} {}", topic.published)
        })
    }

    fn lanes(&mut self, all: &[LaneSnapshot]) -> fmt::Result {
        type Value = fn(&LaneSnapshot) -> f64;
        let families: [(&str, &str, &str, Value); 4] = [
            ("published_total", "counter", "Events accepted by the lane.", |lane| lane.accepted as f64),
            ("capacity_events", "gauge", "Events that the lane keeps.", |lane| lane.capacity as f64),
            (
                "backlog_events",
                "gauge",
                "Events that its slowest blocking subscription has not read.",
                |lane| lane.backlog as f64,
            ),
            ("fill_ratio", "gauge", "Backlog by capacity of the lane, 0 to 1.", LaneSnapshot::fill),
        ];
        // A bus without lanes says nothing of them.
        for (name, kind, help, value) in families.iter().filter(|_| !all.is_empty()) {
            self.head(&format!("lane_{name}"), kind, help)?;
            for lane in all {
                let pattern = Escaped(lane.pattern.as_str());
                writeln!(self.f, "eventcast_lane_{name}{{lane=\"{pattern}\"}} {}", value(lane))?;
            }
        }
        Ok(())
    }

    fn subscriptions(&mut self, all: &[SubscriptionSnapshot]) -> fmt::Result {
        type Value = fn(&SubscriptionSnapshot) -> f64;
        let families: [(&str, &str, &str, Value); 9] = [
            ("delivered_total", "counter", "Events handed to it.", |s| s.stats.delivered as f64),
            ("filtered_total", "counter", "Events that it read past.", |s| s.stats.filtered as f64),
            ("filter_panics_total", "counter", "Panics of its filter.", |s| s.stats.filter_panics as f64),
            ("expired_total", "counter", "Events too old when it came to them.", |s| s.stats.expired as f64),
            ("ahead_events", "gauge", "Its lag: events ahead of it.", |s| s.stats.ahead as f64),
            ("max_ahead_events", "gauge", "The most that were ahead of it.", |s| s.max_ahead as f64),
            ("queued_events", "gauge", "Events in the queue of its own.", |s| s.stats.queued as f64),
            ("capacity_events", "gauge", "Events that fit before it.", |s| s.capacity as f64),
            ("fill_ratio", "gauge", "How full what lies before it is; 1: full.", SubscriptionSnapshot::fill),
        ];
        let all: Vec<_> =
            all.iter().map(|subscription| (Labels(subscription).to_string(), subscription)).collect();
        for (name, kind, help, value) in families {
            self.head(&format!("subscription_{name}"), kind, help)?;
            for (labels, subscription) in &all {
                writeln!(self.f, "eventcast_subscription_{name}{{{labels}}} {}", value(subscription))?;
            }
        }
        self.head("subscription_lost_total", "counter", "Events that it lost, by reason.")?;
        for (labels, subscription) in &all {
            for (reason, n) in subscription.lost_by.iter() {
                writeln!(self.f, "eventcast_subscription_lost_total{{{labels},reason=\"{reason}\"}} {n}")?;
            }
        }
        self.head(
            "subscription_handling_seconds",
            "summary",
            "Time that its reader took for an event, sampled.",
        )?;
        all.iter().try_for_each(|(labels, subscription)| {
            self.summary("subscription_handling_seconds", &format!("{labels},"), &subscription.handling_time)
        })
    }
}

/// What tells a subscription from others.
struct Labels<'a>(&'a SubscriptionSnapshot);

impl fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = &self.0.info;
        write!(f, "id=\"{}\",pattern=\"{}\"", info.id.number(), Escaped(info.pattern.as_str()))?;
        write!(f, ",name=\"{}\"", Escaped(info.name.as_deref().unwrap_or_default()))?;
        match &self.0.lane {
            Some(lane) => write!(f, ",lane=\"{}\"", Escaped(lane.as_str())),
            None => Ok(()),
        }
    }
}

/// The text of a label's value.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        self.0.chars().try_for_each(|c| match c {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            c => f.write_char(c),
        })
    }
}
