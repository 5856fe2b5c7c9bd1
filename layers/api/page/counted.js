/** `1 word`, `2 words`, `1,200 words`. */
export const counted = (count, one) => `${count.toLocaleString('en')} ${one}${count === 1 ? '' : 's'}`;
