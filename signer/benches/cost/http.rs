//! As much HTTP/1.1 as two stubs need.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// A request that arrived.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

/// What is answered: a status, further header lines, and a body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: "", body: body.into() }
    }
}

/// Answers on a free port of the loopback interface for as long as the process lives; returns the
/// port. `wrap` puts TLS around a connection, or nothing. No answer ends the connection.
pub(crate) fn serve<S: Read + Write + 'static>(
    wrap: impl Fn(TcpStream) -> S + Send + Sync + 'static,
    answer: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let handlers = Arc::new((wrap, answer));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, handlers) = (stream.unwrap(), Arc::clone(&handlers));
            stream.set_nodelay(true).unwrap();
            // The other end is ended without ceremony, so an error is how a connection closes.
            thread::spawn(move || connection(handlers.0(stream), &handlers.1).ok());
        }
    });
    port
}

fn connection<S: Read + Write>(
    stream: S,
    answer: &impl Fn(&Request) -> Option<Answer>,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream)? {
        let Some(Answer { status, headers, body }) = answer(&request) else { break };
        let head =
            format!("HTTP/1.1 {status} Stub\r\n{headers}content-length: {}\r\n\r\n", body.len());
        stream.get_mut().write_all(&[head.as_bytes(), &body].concat())?;
        stream.get_mut().flush()?;
    }
    Ok(())
}

fn read<S: Read>(stream: &mut BufReader<S>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap();
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some(Request { method, path, body }))
}
