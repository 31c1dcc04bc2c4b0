//! The file of `--metrics`: what the engine has counted, as text for Prometheus.

use eventcast::Snapshot;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(super) struct Metrics {
    path: PathBuf,
    file: File,
}

impl Metrics {
    /// Makes the file, or empties it: a wrong path shows before anything is published. It must not be the input.
    pub(super) fn create(path: &Path, input: &str) -> Result<Self, String> {
        if let (Ok(path), Ok(input)) = (path.canonicalize(), Path::new(input).canonicalize())
            && path == input
        {
            return Err(format!("--metrics {}: that is the input; nothing was published", path.display()));
        }
        let file = File::create(path)
            .map_err(|error| format!("cannot write {}: {error}; nothing was published", path.display()))?;
        Ok(Self { path: path.to_owned(), file })
    }

    pub(super) fn write(mut self, snapshot: &Snapshot) -> Result<(), String> {
        let text = snapshot.exposition().to_string();
        self.file
            .write_all(text.as_bytes())
            .map_err(|error| format!("cannot write the metrics to {}: {error}", self.path.display()))
    }
}
