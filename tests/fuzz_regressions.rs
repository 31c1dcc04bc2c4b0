//! Every input that a fuzzer, or the differential test, has found something with is played again.

mod common;
#[path = "common/ledger.rs"]
mod ledger;
#[path = "common/oracle.rs"]
mod oracle;
#[path = "common/world.rs"]
mod world;

use std::path::Path;

#[test]
fn ring_ops() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/regressions/ring_ops");
    let mut played = 0;
    for entry in std::fs::read_dir(&folder).expect("the kept inputs") {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        println!("{}", path.display());
        let seen = world::run(&bytes, true);
        seen.unwrap_or_else(|text| panic!("{}: {text}", path.display()));
        played += 1;
    }
    assert!(played >= 3, "only {played} kept inputs in {}", folder.display());
}
