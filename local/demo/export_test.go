package main

// Main lets the tests run the program in a process of its own.
var Main = main
