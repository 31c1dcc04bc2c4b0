//! Programs that must not compile, each for the reason that its `.stderr` keeps.

#[test]
#[cfg_attr(miri, ignore = "runs the compiler")]
fn programs_that_must_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
