//! Notes who called whom, and why, in a file of its own; written every 100 lines and at the end.

use std::io::Write;
use std::sync::Mutex;

pub struct TruthLog {
    path: String,
    lines: Mutex<Vec<String>>,
}

impl TruthLog {
    pub fn new(path: String) -> Self {
        Self { path, lines: Mutex::new(Vec::new()) }
    }

    pub fn add(&self, call: &str, parent: &str) {
        let mut lines = self.lines.lock().unwrap();
        lines.push(format!("{{\"call\":\"{call}\",\"parent\":\"{parent}\"}}\n"));
        if lines.len() >= 100 {
            self.write(&mut lines);
        }
    }

    pub fn close(&self) {
        self.write(&mut self.lines.lock().unwrap());
    }

    fn write(&self, lines: &mut Vec<String>) {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&self.path).unwrap();
        file.write_all(lines.concat().as_bytes()).unwrap();
        lines.clear();
    }
}
