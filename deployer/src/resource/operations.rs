//! The operations of AWS that a resource type uses: one table, from which follow the permissions
//! that the deployer needs and what a change may do.

/// An operation of AWS.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// AWS's name for it.
    pub name: &'static str,
    /// The IAM actions that a caller needs for it.
    pub actions: &'static [&'static str],
    /// The purposes that it serves; none for one that only reads.
    pub purposes: &'static [Purpose],
}

/// What an operation that changes something is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To make an object.
    Make,
    /// To change one that is there, and to finish one that was begun.
    Change,
    /// To remove one.
    Remove,
}

/// An operation that only reads.
pub const fn reads(name: &'static str, actions: &'static [&'static str]) -> Operation {
    Operation { name, actions, purposes: &[] }
}

/// An operation that makes an object.
pub const fn makes(name: &'static str, actions: &'static [&'static str]) -> Operation {
    Operation { name, actions, purposes: &[Purpose::Make] }
}

/// An operation that changes an object, also one that was just made.
pub const fn changes(name: &'static str, actions: &'static [&'static str]) -> Operation {
    Operation { name, actions, purposes: &[Purpose::Make, Purpose::Change] }
}

/// An operation that removes an object.
pub const fn removes(name: &'static str, actions: &'static [&'static str]) -> Operation {
    Operation { name, actions, purposes: &[Purpose::Remove] }
}

/// An operation that removes a part of an object: also to change it.
pub const fn removes_parts(name: &'static str, actions: &'static [&'static str]) -> Operation {
    Operation { name, actions, purposes: &[Purpose::Make, Purpose::Change, Purpose::Remove] }
}
