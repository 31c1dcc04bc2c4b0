//! What happens to the services, tasks, nodes, secrets and volumes of a cluster.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

macro_rules! cluster_events {
    ($($variant:ident = $name:literal,)+) => {
        /// What happens in a cluster, each with its topic.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ClusterEvent {
            $(
                #[doc = concat!("`", $name, "`")]
                $variant,
            )+
        }

        impl ClusterEvent {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The topic, such as `service.created`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

cluster_events! {
    ServiceCreated = "service.created",
    ServiceUpdated = "service.updated",
    ServiceDeleted = "service.deleted",
    TaskCreated = "task.created",
    TaskFailed = "task.failed",
    TaskCompleted = "task.completed",
    NodeJoined = "node.joined",
    NodeLeft = "node.left",
    NodeDown = "node.down",
    SecretCreated = "secret.created",
    SecretDeleted = "secret.deleted",
    VolumeCreated = "volume.created",
    VolumeDeleted = "volume.deleted",
}

impl AsRef<str> for ClusterEvent {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for ClusterEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ClusterEvent {
    type Err = UnknownClusterEvent;

    fn from_str(name: &str) -> Result<Self, UnknownClusterEvent> {
        let known = Self::ALL.iter().find(|event| event.as_str() == name);
        known.copied().ok_or_else(|| UnknownClusterEvent { name: name.into() })
    }
}

/// A topic that is none of the [`ClusterEvent`]s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownClusterEvent {
    name: Box<str>,
}

impl fmt::Display for UnknownClusterEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no event of a cluster; the first of those is {:?}",
            self.name,
            ClusterEvent::ALL[0].as_str()
        )
    }
}

impl Error for UnknownClusterEvent {}
