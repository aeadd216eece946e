//! The place of each cell within its layer: as near as can be to what it is connected to.

use super::{GAP, Grid};

/// How often the layers are gone through, down and up; the picture does not change visibly after.
const SWEEPS: usize = 24;

/// How far to the right the middle of each cell is.
pub(super) fn places(grid: &Grid) -> Vec<i32> {
    let mut places = vec![0; grid.cells.len()];
    for layer in &grid.layers {
        settle(grid, layer, &vec![0; layer.len()], &mut places);
    }
    for sweep in 0..SWEEPS {
        let downwards = sweep % 2 == 0;
        let mut layers: Vec<&Vec<usize>> = grid.layers.iter().collect();
        if !downwards {
            layers.reverse();
        }
        for layer in layers {
            let wishes = layer.iter().map(|cell| wish(grid, *cell, downwards, &places));
            let wishes: Vec<i32> = wishes.collect();
            settle(grid, layer, &wishes, &mut places);
        }
    }
    places
}

/// Where a cell would be best: at the mean of its neighbours above, or of those below.
fn wish(grid: &Grid, cell: usize, downwards: bool, places: &[i32]) -> i32 {
    let one = &grid.cells[cell];
    let neighbours = if downwards { &one.above } else { &one.below };
    let sum: i32 = neighbours.iter().map(|neighbour| places[*neighbour]).sum();
    let count = i32::try_from(neighbours.len()).unwrap_or_default();
    sum.checked_div(count).unwrap_or(places[cell])
}

/// Gives the cells of a layer their wishes as far as there is room: midway between where they would
/// be if each gave way to the right, and if each gave way to the left.
fn settle(grid: &Grid, layer: &[usize], wishes: &[i32], places: &mut [i32]) {
    let half = |cell: usize| (grid.cells[cell].size.width + 1) / 2;
    let between = |one: usize, other: usize| half(one) + half(other) + GAP.width;
    let mut right = wishes.to_vec();
    let mut left = wishes.to_vec();
    for index in 1..layer.len() {
        let least = right[index - 1] + between(layer[index - 1], layer[index]);
        right[index] = right[index].max(least);
    }
    for index in (1..layer.len()).rev() {
        let most = left[index] - between(layer[index - 1], layer[index]);
        left[index - 1] = left[index - 1].min(most);
    }
    for (index, cell) in layer.iter().enumerate() {
        // Always rounded down, so that neighbours come no nearer to each other than by one.
        places[*cell] = (left[index] + right[index]).div_euclid(2);
    }
}
