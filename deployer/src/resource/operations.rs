//! The operations of AWS that a resource type uses: one table, from which follow the permissions
//! that the deployer needs and what a change may do.

/// Whether an operation of this name changes nothing.
pub fn reads_only(name: &str) -> bool {
    ["Describe", "Filter", "Get", "List", "Simulate"].iter().any(|verb| name.starts_with(verb))
}

/// An operation of AWS.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// AWS's name for it.
    pub name: &'static str,
    /// The IAM actions that a caller needs for it.
    pub actions: &'static [&'static str],
    /// The purposes that it serves.
    pub purposes: &'static [Purpose],
    /// The fields that an object cannot be made with but by this operation, beside those that serve
    /// to make one and nothing else.
    pub in_making: &'static [&'static str],
    /// The fields that cannot be changed to another value but by this operation.
    pub in_changing: &'static [&'static str],
}

impl Operation {
    const fn new(
        name: &'static str,
        actions: &'static [&'static str],
        purposes: &'static [Purpose],
    ) -> Self {
        Self { name, actions, purposes, in_making: &[], in_changing: &[] }
    }

    /// The same, needed for these fields of a new object.
    #[must_use]
    pub const fn in_making(self, fields: &'static [&'static str]) -> Self {
        Self { in_making: fields, ..self }
    }

    /// The same, needed to change these fields.
    #[must_use]
    pub const fn in_changing(self, fields: &'static [&'static str]) -> Self {
        Self { in_changing: fields, ..self }
    }
}

/// Which ARNs a statement must name that allows an action: the beginning of the action's name, and
/// the ARNs. What stands in braces is a part of the place, a field of the declaration or an output.
/// AWS lets some actions be allowed on everything only: `*`.
pub type Reach = (&'static str, &'static [&'static str]);

/// What an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To see how things are.
    Look,
    /// To find by its tags what nobody remembers.
    Discover,
    /// To make an object.
    Make,
    /// To change one that is there, and to finish one that was begun.
    Change,
    /// To remove one.
    Remove,
}

/// An operation that only reads.
pub const fn reads(name: &'static str, actions: &'static [&'static str]) -> Operation {
    Operation::new(name, actions, &[Purpose::Look])
}

/// An operation that lists what is there, or reads what was listed.
pub const fn discovers(name: &'static str, actions: &'static [&'static str]) -> Operation {
    Operation::new(name, actions, &[Purpose::Discover])
}

/// An operation that tells how a change gets on.
pub const fn follows(name: &'static str, actions: &'static [&'static str]) -> Operation {
    Operation::new(name, actions, &[Purpose::Make, Purpose::Change])
}

/// An operation that tells why something cannot be removed.
pub const fn explains(name: &'static str, actions: &'static [&'static str]) -> Operation {
    Operation::new(name, actions, &[Purpose::Remove])
}

/// An operation that makes an object.
pub const fn makes(name: &'static str, actions: &'static [&'static str]) -> Operation {
    Operation::new(name, actions, &[Purpose::Make])
}

/// An operation that changes an object, also one that was just made.
pub const fn changes(name: &'static str, actions: &'static [&'static str]) -> Operation {
    Operation::new(name, actions, &[Purpose::Make, Purpose::Change])
}

/// An operation that removes an object.
pub const fn removes(name: &'static str, actions: &'static [&'static str]) -> Operation {
    Operation::new(name, actions, &[Purpose::Remove])
}

/// An operation that removes a part of an object: also to change it.
pub const fn removes_parts(name: &'static str, actions: &'static [&'static str]) -> Operation {
    Operation::new(name, actions, &[Purpose::Make, Purpose::Change, Purpose::Remove])
}
