//! A gate in front of the local AWS: the first answer to a certain call waits at it until the test
//! opens it, so that a run can be looked at in the middle of its work.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// How long anything may take before it counts as never happening.
pub(super) const DEADLINE: Duration = Duration::from_mins(1);

/// A TCP proxy; bytes pass as they are, so signatures stay valid.
pub(super) struct Gate {
    /// Where to reach it.
    pub(super) endpoint: String,
    waiting: Receiver<()>,
    latch: Arc<Latch>,
}

#[derive(Default)]
struct Latch {
    open: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    /// Stands before the server at `endpoint`, closed for answers to requests that hold `call`.
    pub(super) fn closed_for(endpoint: &str, call: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let own = format!("http://{}", listener.local_addr().expect("an address"));
        let server = endpoint.trim_start_matches("http://").to_owned();
        let (tell, waiting) = mpsc::channel();
        let latch = Arc::<Latch>::default();
        let gate = Self { endpoint: own, waiting, latch: Arc::clone(&latch) };
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // Without a server the client is hung up on.
                if let Ok(server) = TcpStream::connect(&server) {
                    pass(client, server, call, &tell, &latch);
                }
            }
        });
        gate
    }

    /// Waits until an answer waits: AWS has carried the call out, and the run does not know.
    pub(super) fn await_answer(&self) {
        self.waiting.recv_timeout(DEADLINE).expect("an answer at the gate");
    }

    /// Lets everything through from now on.
    pub(super) fn open(&self) {
        *self.latch.open.lock().expect("no panic") = true;
        self.latch.changed.notify_all();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

fn pass(
    client: TcpStream,
    server: TcpStream,
    call: &'static str,
    tell: &Sender<()>,
    latch: &Arc<Latch>,
) {
    let held = Arc::new(Mutex::new(false));
    let (to_server, to_client) = (server.try_clone(), client.try_clone());
    let marked = Arc::clone(&held);
    copy(client, to_server.expect("a socket"), move |bytes| {
        // The head of a request is small enough to come in one piece.
        if String::from_utf8_lossy(bytes).contains(call) {
            *marked.lock().expect("no panic") = true;
        }
    });
    let (tell, latch) = (tell.clone(), Arc::clone(latch));
    copy(server, to_client.expect("a socket"), move |_| {
        if *held.lock().expect("no panic") {
            let _ = tell.send(());
            let open = latch.open.lock().expect("no panic");
            drop(latch.changed.wait_while(open, |open| !*open).expect("no panic"));
        }
    });
}

/// Copies to the end on a thread of its own, each piece after it was looked at.
fn copy(mut from: TcpStream, mut to: TcpStream, mut look: impl FnMut(&[u8]) + Send + 'static) {
    thread::spawn(move || {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut bytes) {
            look(&bytes[..length]);
            if to.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
