//! What can be read of a running bus, and what it is called.
//!
//! [`Bus::snapshot`](crate::Bus::snapshot) reads it all, [`Snapshot::since`](crate::Snapshot::since) gives the difference of two,
//! [`Snapshot::exposition`](crate::Snapshot::exposition) is its text for Prometheus; there all names begin with `eventcast_`.
//! Counts are of events unless something else is said, begin when the bus is built and never decrease; times are in seconds and
//! of sampled events alone (one in `sample_interval_events`, so a `_count` counts samples).
//!
//! # The bus
//!
//! | in Prometheus | in a snapshot | type | unit |
//! | --- | --- | --- | --- |
//! | `published_total` | `stats.accepted` | counter | events |
//! | `refused_total{reason}` | `stats.refused_…` | counter | publishes |
//! | `unrouted_total` | `stats.unrouted` | counter | events |
//! | `panics_total{in}` | `stats.filter_panics`, `totals.filter_panics`, `stats.unrouted_panics`, `drop_panics` | counter | panics |
//! | `delivered_total` | `totals.delivered` | counter | events, once per subscription |
//! | `filtered_total` | `totals.filtered` | counter | events, once per subscription |
//! | `expired_total` | `totals.expired` | counter | events, once per subscription |
//! | `lost_total{reason}` | `totals.lost_by` | counter | events, once per subscription |
//! | `subscriptions`, `slow_subscriptions` | `stats.subscriptions`, `slow(1.0)` | gauge | subscriptions |
//! | `topics` | `stats.topics` | gauge | topics |
//! | `published_by_topic_total{topic}`, `published_to_evicted_topics_total` | `topics`, `stats.evicted` | counter | events |
//! | `capacity_events`, `backlog_events` | `capacity`, `backlog` | gauge | events |
//! | `fill_ratio` | `fill()` | gauge | 0 to 1; the fullest lane if that is fuller |
//! | `closed` | `closed` | gauge | 0 or 1 |
//! | `sample_interval_events` | `sample` | gauge | events |
//! | `publish_seconds` | `publish_time` | summary | seconds |
//! | `delivery_seconds` | `delivery_time` | summary | seconds |
//!
//! On a bus with [lanes](crate::BusBuilder::lane), counts and times are of all lanes together; `capacity_events` and
//! `backlog_events` are of the topics that no lane has.
//!
//! # Each lane
//!
//! Label: `lane`, its pattern. Only where there are lanes.
//!
//! | in Prometheus | in a snapshot | type | unit |
//! | --- | --- | --- | --- |
//! | `lane_published_total` | `lanes[…].accepted` | counter | events |
//! | `lane_capacity_events`, `lane_backlog_events` | `capacity`, `backlog` | gauge | events |
//! | `lane_fill_ratio` | `fill()` | gauge | 0 to 1 |
//!
//! # Each subscription
//!
//! Labels: `id`, its number; `pattern`; `name`, empty if it has none; `lane`, the pattern of the lane of which the numbers are, left
//! out for topics that no lane has. One that reads several lanes has a series for each. Those that have left are in the
//! bus's totals alone.
//!
//! | in Prometheus | in a snapshot | type | unit |
//! | --- | --- | --- | --- |
//! | `subscription_delivered_total` | `stats.delivered` | counter | events |
//! | `subscription_filtered_total` | `stats.filtered` | counter | events |
//! | `subscription_filter_panics_total` | `stats.filter_panics` | counter | panics |
//! | `subscription_expired_total` | `stats.expired` | counter | events |
//! | `subscription_lost_total{reason}` | `lost_by` | counter | events |
//! | `subscription_ahead_events` | `stats.ahead` | gauge | events |
//! | `subscription_max_ahead_events` | `max_ahead` | gauge | events |
//! | `subscription_queued_events` | `stats.queued` | gauge | events |
//! | `subscription_capacity_events` | `capacity` | gauge | events |
//! | `subscription_fill_ratio` | `fill()` | gauge | 1 is full; more is possible where nobody waits |
//! | `subscription_handling_seconds` | `handling_time` | summary | seconds |
//!
//! # Coming from Warren's broker
//!
//! | its monitoring list | here |
//! | --- | --- |
//! | `events_published_total` | `published_total` |
//! | `events_published_total{type}` | `published_by_topic_total{topic}` |
//! | `events_subscribers_total` | `subscriptions` |
//! | `events_dropped_total` | `lost_total{reason}`, `refused_total{reason}` |
//! | `events_delivery_duration` | `delivery_seconds` |
//! | `events_buffer_utilization` | `fill_ratio`, as a share and not in percent |
//! | `events_subscriber_lag` | `subscription_ahead_events` |
//! | `events_subscriber_slow` | `slow_subscriptions`, `subscription_fill_ratio` |
//! | `events_subscriber_duration` | `subscription_handling_seconds` |
//!
//! # Coming from asaidimu's go-events
//!
//! | its `EventMetrics`, `HealthStatus` | here |
//! | --- | --- |
//! | `TotalEvents` | `published_total` |
//! | `EventCounts` | `published_by_topic_total{topic}` |
//! | `ActiveSubscriptions` | `subscriptions` |
//! | `QueueSize` | `backlog_events`, `subscription_queued_events` |
//! | `DroppedEvents` | `refused_total{reason}`, `unrouted_total`, `lost_total{reason}` |
//! | `ErrorCount` | `panics_total{in}` and `refused_total{reason}` |
//! | `Healthy`, `QueueBacklog`, `ErrorRate` | [`Bus::health`](crate::Bus::health): `status`, `backlog`, `error_rate` |
//! | `SubscriptionCounts` | [`Bus::subscription_count`](crate::Bus::subscription_count); the label `pattern` |
