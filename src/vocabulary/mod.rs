//! Ready-made names for what happens in clusters, containers and folders: topics that need no spelling, and actions with their
//! texts.
//!
//! Nothing in the engine asks for them. They are for programs that speak of the same things, so that their topics and texts
//! are the same.
//!
//! # Examples
//! ```
//! use eventcast::Bus;
//! use eventcast::vocabulary::{Action, ClusterEvent};
//!
//! let bus = Bus::<Action>::builder().build()?;
//! let mut tasks = bus.subscribe("task.*")?;
//! bus.publish(ClusterEvent::TaskFailed, Action::CONTAINER_DIE)?;
//! let event = tasks.recv()?;
//! assert_eq!(event.topic().parse(), Ok(ClusterEvent::TaskFailed));
//! assert_eq!(event.payload().describe("nginx"), "died nginx");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod action;
mod cluster;

pub use action::{Action, UnknownAction};
pub use cluster::{ClusterEvent, UnknownClusterEvent};
