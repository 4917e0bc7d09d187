/** Text as it is compared when people search: without case, accents, spaces and punctuation. */
export function fold(text: string): string {
  return unaccented(text).replace(/[^\p{L}\p{N}]/gu, '').replace(/a+/g, 'a');
}

/** Text in small letters without accents, its words still apart. */
export function unaccented(text: string): string {
  return text.toLowerCase().replaceAll('æ', 'ae').replaceAll('ø', 'o').normalize('NFD').replace(/\p{M}/gu, '');
}
