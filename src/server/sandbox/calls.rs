//! The last calls made to the sandbox, for tests and for looking into.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::locked;

const KEPT: usize = 100_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Whose keys or token the call carried; none where they are nobody's.
    pub client_id: Option<String>,
    pub method: String,
    pub path: String,
    /// Zero where the caller hung up before there was an answer.
    pub status: u16,
}

#[derive(Default)]
pub struct Calls(Mutex<VecDeque<Call>>);

impl Calls {
    /// Notes the call when the result is dropped: answered or not.
    pub fn begin(&self, client_id: Option<String>, method: String, path: String) -> Noted<'_> {
        Noted { calls: self, call: Some(Call { client_id, method, path, status: 0 }) }
    }

    pub fn all(&self) -> Vec<Call> {
        locked(&self.0).iter().cloned().collect()
    }

    pub fn clear(&self) {
        locked(&self.0).clear();
    }
}

pub struct Noted<'calls> {
    calls: &'calls Calls,
    call: Option<Call>,
}

impl Noted<'_> {
    pub fn answered(mut self, status: u16) {
        if let Some(call) = &mut self.call {
            call.status = status;
        }
    }
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        let Some(call) = self.call.take() else { return };
        let mut calls = locked(&self.calls.0);
        if calls.len() == KEPT {
            calls.pop_front();
        }
        calls.push_back(call);
    }
}
