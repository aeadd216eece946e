//! The size of what is uploaded, and the memory of a function that has run for a while.

use std::fs;
use std::io::{Cursor, Write as _};

use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::Setting;
use crate::function::Endpoint;
use crate::request::{KINDS, check};

const REQUESTS: usize = 1000;

pub(crate) fn measure(setting: &Setting) {
    let program = fs::read(&setting.program.path).unwrap();
    println!("size");
    println!("  bootstrap {:>10} bytes", program.len());
    println!("  zip       {:>10} bytes, without the policy", zip(&program).len());
    let mut function = setting.program.start(&setting.around, Endpoint::Tls, false);
    let cold = function.memory("VmRSS");
    for kind in KINDS.into_iter().cycle().take(REQUESTS) {
        check(&function.invoke(&kind.event()));
    }
    let (warm, peak) = (function.memory("VmRSS"), function.memory("VmHWM"));
    println!("  memory    {cold:>10} KiB resident at the first poll");
    println!("            {warm:>10} KiB after {REQUESTS} requests, {peak} KiB at the peak");
    function.stop();
}

/// As the deployer packs it.
fn zip(program: &[u8]) -> Vec<u8> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9));
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("bootstrap", options).unwrap();
    writer.write_all(program).unwrap();
    writer.finish().unwrap().into_inner()
}
