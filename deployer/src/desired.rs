//! From a checked stack file to what is desired: local files are read, built and fingerprinted.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::error::{Error, Result};
use crate::plan::{Declared, Desired, Wanted, by_tag};
use crate::resource::{self, Adoption, Payload, Sources, tags};
use crate::stack::{Declaration, Stack};

/// The bytes that fingerprints stand for, by address. They go to AWS and nowhere else.
pub type Payloads = BTreeMap<Address, Payload>;

/// What is desired of a stack that is to be destroyed.
pub fn nothing(stack: &Stack) -> Desired {
    let declared = stack.resources.iter().map(|(address, declaration)| {
        let declared = Declared {
            depends_on: declaration.depends_on.clone(),
            protected: declaration.protected,
            place: declaration.place.clone(),
        };
        (address.clone(), declared)
    });
    Desired { stack: stack.name.clone(), declared: declared.collect(), ..Desired::default() }
}

/// The objects that are to become the stack's whatever their tags say.
///
/// # Errors
/// An address that the stack file does not declare, or whose type is not adopted by name.
pub fn adopt(stack: &Stack, addresses: &[Address]) -> Result<BTreeSet<Address>> {
    for address in addresses {
        let declaration = stack.entry(address)?;
        if let Adoption::Never(why) = resource::of(address)?.adoption() {
            let refused = Error::new(format!("{address} cannot be adopted by its name"));
            let has_tags = tags::owner(&declaration.declared).is_some();
            let hint = has_tags.then(|| format!("{} instead", by_tag(&stack.name, address)));
            return Err(hint.into_iter().fold(refused.because(why), Error::hint));
        }
    }
    Ok(addresses.iter().cloned().collect())
}

/// Gathers what a stack declares.
///
/// # Errors
/// Everything that is wrong with the local files, in one error.
pub fn gather(stack: &Stack, sources: &Sources<'_>) -> Result<(Desired, Payloads)> {
    let mut desired = nothing(stack);
    let mut payloads = Payloads::new();
    let mut failures: Vec<(Address, Error)> = Vec::new();
    // What takes minutes comes last, and not at all where something is wrong already.
    let (slow, quick): (Vec<_>, Vec<_>) = stack.resources.iter().partition(builds);
    for (n, (address, declaration)) in quick.iter().chain(&slow).copied().enumerate() {
        if n >= quick.len() && !failures.is_empty() {
            break;
        }
        let kind = resource::of(address)?;
        match kind.gather(&declaration.declared, sources) {
            Ok(gathered) => {
                let depends_on = declaration.depends_on.clone();
                desired
                    .resources
                    .insert(address.clone(), Wanted { spec: gathered.spec, depends_on });
                payloads.extend(gathered.payload.map(|payload| (address.clone(), payload)));
            }
            Err(error) => failures.push((address.clone(), error)),
        }
    }
    match failures.len() {
        0 => Ok((desired, payloads)),
        1 => {
            let (address, error) = failures.remove(0);
            Err(error.within(format!("could not prepare {address}")))
        }
        count => {
            let mut all = Error::new(format!("could not prepare {count} resources"));
            for (address, error) in failures {
                let causes = std::iter::once(error.message).chain(error.causes).collect::<Vec<_>>();
                all = all.because(format!("{address}: {}", causes.join(": ")));
                all.hints.extend(error.hints);
            }
            Err(all)
        }
    }
}

/// Whether gathering an entry builds something.
fn builds((address, declaration): &(&Address, &Declaration)) -> bool {
    resource::find(&address.kind).is_some_and(|kind| kind.builds(&declaration.declared))
}
