//! The ready-made names.

use eventcast::vocabulary::{Action, ClusterEvent};
use eventcast::{Bus, check_topic};

#[test]
fn warren_18_the_thirteen_names() {
    let names: Vec<&str> = ClusterEvent::ALL.iter().map(|event| event.as_str()).collect();
    assert_eq!(
        names,
        [
            "service.created",
            "service.updated",
            "service.deleted",
            "task.created",
            "task.failed",
            "task.completed",
            "node.joined",
            "node.left",
            "node.down",
            "secret.created",
            "secret.deleted",
            "volume.created",
            "volume.deleted",
        ]
    );
    let bus = Bus::<ClusterEvent>::builder().build().unwrap();
    let mut sub = bus.subscribe(">").unwrap();
    for event in ClusterEvent::ALL {
        check_topic(event.as_str()).unwrap();
        bus.publish(event, *event).unwrap();
        let received = sub.recv().unwrap();
        assert_eq!(received.topic().parse(), Ok(*event));
        assert_eq!(received.topic(), event.to_string());
    }
    let unknown = "service.creatd".parse::<ClusterEvent>().unwrap_err();
    assert!(unknown.to_string().starts_with("\"service.creatd\" is no event of a cluster"));
}

#[test]
fn godoxy_16_a_text_in_the_past_tense() {
    assert_eq!(Action::CONTAINER_START.describe("nginx"), "started nginx");
    assert_eq!(Action::FORCE_RELOAD.describe(""), "force-reloaded ");
    assert_eq!((Action::CONTAINER_START | Action::CONTAINER_DIE).describe("nginx"), "");
    assert_eq!(Action::default().describe("nginx"), "");
    let texts = (0..13).map(|bit| Action::from_bits(1 << bit).unwrap().text().unwrap());
    assert_eq!(
        texts.collect::<Vec<_>>(),
        [
            "written",
            "created",
            "deleted",
            "renamed",
            "created",
            "started",
            "unpaused",
            "killed",
            "stopped",
            "paused",
            "died",
            "destroyed",
            "force-reloaded",
        ]
    );
}

#[test]
fn actions_are_one_sequence_of_bits() {
    assert_eq!(Action::FILE_WRITTEN.bits(), 1);
    assert_eq!(Action::CONTAINER_CREATE.bits(), 16);
    assert_eq!(Action::CONTAINER_DESTROY.bits(), 2048);
    assert_eq!(Action::FORCE_RELOAD.bits(), 4096);
    assert_eq!(Action::from_bits(1 << 13), None);
}

#[test]
fn classes_look_for_an_overlap() {
    let both = Action::CONTAINER_START | Action::CONTAINER_KILL;
    assert!(both.is_start() && both.is_stop() && !both.is_pause());
    for start in [Action::CONTAINER_CREATE, Action::CONTAINER_START, Action::CONTAINER_UNPAUSE] {
        assert!(start.is_start() && !start.is_stop());
    }
    for stop in [Action::CONTAINER_KILL, Action::CONTAINER_STOP, Action::CONTAINER_DIE] {
        assert!(stop.is_stop() && !stop.is_start());
    }
    for neither in
        [Action::CONTAINER_DESTROY, Action::CONTAINER_PAUSE, Action::FORCE_RELOAD, Action::FILE_CREATED]
    {
        assert!(!neither.is_stop() && !neither.is_start());
    }
    assert!(Action::CONTAINER_PAUSE.is_pause());
    assert!(!(Action::CONTAINER_PAUSE | Action::CONTAINER_STOP).is_pause());
    assert!(both.contains(Action::CONTAINER_KILL) && !both.contains(both | Action::CONTAINER_DIE));
}

#[test]
fn every_combination_is_read_as_it_is_shown() {
    for bits in 0..1 << 13 {
        let action = Action::from_bits(bits).unwrap();
        assert_eq!(action.to_string().parse(), Ok(action), "{action}");
    }
    assert_eq!(Action::default().to_string(), "none");
    for wrong in ["", "start", "container-start|", "none|container-start", "container-start container-die"] {
        assert!(wrong.parse::<Action>().is_err(), "{wrong:?}");
    }
    let error = "container-begin".parse::<Action>().unwrap_err().to_string();
    assert!(error.contains("container-begin") && error.contains("container-start"), "{error}");
}

#[test]
fn dockers_names_are_the_eight_container_actions() {
    let docker = ["create", "start", "unpause", "kill", "stop", "pause", "die", "destroy"];
    let actions: Vec<Action> = docker.iter().filter_map(|name| Action::from_docker(name)).collect();
    assert_eq!(
        actions.iter().map(|action| action.bits()).collect::<Vec<_>>(),
        (4..12).map(|bit| 1 << bit).collect::<Vec<u16>>()
    );
    for other in ["", "exec_create", "started", "Start", "health_status: healthy", "written"] {
        assert_eq!(Action::from_docker(other), None, "{other}");
    }
}
