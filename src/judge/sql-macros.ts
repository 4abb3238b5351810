export const SQL_MACROS: readonly string[] = [];
