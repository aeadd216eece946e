//! What takes long, told step by step to those who wait.

/// How far something is that takes long.
pub enum Step<'a> {
    /// This begins, and what came before it is done.
    Begun(&'a str),
    /// What it is at, in a few words.
    At(&'a str),
    /// A line for the reader, such as a compiler's.
    Said(&'a str),
}
